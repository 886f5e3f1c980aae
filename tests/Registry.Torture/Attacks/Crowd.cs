using System.Security.Authentication;
using Registry.Testing.Connections;

namespace Registry.Torture.Attacks;

/// <summary>Attackers that do the same at once, each again and again.</summary>
internal static class Crowd
{
    // After a connection that the registry has refused or closed.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Runs them until the token is cancelled.</summary>
    /// <param name="count">Number of attackers.</param>
    /// <param name="tally">Receives the connections that were lost.</param>
    /// <param name="random">Source of the choices.</param>
    /// <param name="member">One turn of an attacker: its number, its own source of choices, and the token.</param>
    /// <param name="stop">Ends the attack.</param>
    public static Task RunAsync(int count, Tally tally, Random random, Func<int, Random, CancellationToken, Task> member, CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(number => (number, seed: random.Next())).ToList()
            .Select(one => Task.Run(() => RepeatAsync(tally, turn => member(one.number, turn, stop), new Random(one.seed), stop), CancellationToken.None)));

    private static async Task RepeatAsync(Tally tally, Func<Random, Task> member, Random random, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await member(random);
            }
            catch (OperationCanceledException)
            {
                // The end of the attack, or of the patience with one connection.
            }
            catch (Exception e) when (e.IsLostConnection() || e is AuthenticationException or HttpRequestException { InnerException: HttpProtocolException })
            {
                // Kestrel ends a connection of HTTP/2 whose client goes on sending a body for more than 5 seconds after the answer.
                tally.WasClosed();
                await Task.Delay(Pause, CancellationToken.None);
            }
        }
    }
}
