namespace Registry.Torture.Attacks.Connections;

/// <summary>Thousands of connections that do nothing, half of them after a request.</summary>
internal sealed class IdleConnections : IAttack
{
    private const int Clients = 4000;

    public string Name => "idle-connections";

    public string Subject => "4,000 connections that are opened and left idle";

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop)
    {
        var request = target.Head("GET", "/v2/");
        return Crowd.RunAsync(target.Count(Clients), tally, random, async (member, _, _) =>
        {
            using var connection = await target.OpenAsync(member, stop);
            tally.Connected();
            if (member % 2 == 0)
            {
                await connection.SendAsync(request, stop);
                tally.Answered(await connection.ReadAnswerAsync(cancellationToken: stop));
            }

            await connection.ReadToEndAsync(stop);
            tally.WasClosed();
        }, stop);
    }
}
