namespace Registry.Torture.Attacks.Requests;

/// <summary>Connections that pipeline twenty requests and are reset at once.</summary>
internal sealed class PipelinedResets : IAttack
{
    private const int Clients = 16;
    private const int Pipelined = 20;

    public string Name => "pipelined-resets";

    public string Subject => "twenty pipelined requests and a reset, over and over";

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop)
    {
        var requests = string.Concat(Enumerable.Repeat(target.Head("GET", "/v2/_catalog"), Pipelined));
        return Crowd.RunAsync(target.Count(Clients), tally, random, async (member, turn, _) =>
        {
            using var connection = await target.OpenAsync(member, stop);
            tally.Connected();
            await connection.SendAsync(requests[..turn.Next(1, requests.Length)], stop);
            await Task.Delay(turn.Next(4), stop);
            connection.Reset();
        }, stop);
    }
}
