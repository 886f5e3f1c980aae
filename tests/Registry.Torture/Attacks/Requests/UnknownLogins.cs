using System.Text;

namespace Registry.Torture.Attacks.Requests;

/// <summary>Logins of users that do not exist, 64 at once, from clients that hang up without waiting for the answer.</summary>
internal sealed class UnknownLogins : IAttack
{
    private const int Clients = 64;
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(20);

    public string Name => "unknown-logins";

    public string Subject => "64 logins of unknown users at once, from clients that hang up";

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop) =>
        Crowd.RunAsync(target.Count(Clients), tally, random, async (member, turn, _) =>
        {
            using var connection = await target.OpenAsync(member, stop);
            tally.Connected();
            var credentials = Convert.ToBase64String(Encoding.ASCII.GetBytes($"nobody{turn.Next()}:{turn.Next()}"));
            await connection.SendAsync($"GET {(member % 2 == 0 ? "/token" : "/v2/")} HTTP/1.1\r\nHost: registry\r\nAuthorization: Basic {credentials}\r\n\r\n", stop);
            await Task.Delay(Wait, stop);
            connection.Reset();
            tally.Add("logins sent");
        }, stop);
}
