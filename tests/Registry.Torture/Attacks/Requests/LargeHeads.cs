namespace Registry.Torture.Attacks.Requests;

/// <summary>Requests with as large a head as the registry takes, but for its end.</summary>
internal sealed class LargeHeads : IAttack
{
    private const int Clients = 1500;
    private const int Fields = 15;
    private const int FieldSize = 4000;

    private static readonly string[] Filler = [.. Enumerable.Range(0, Fields).Select(i => $"X-{i}: {new string('a', FieldSize)}")];

    public string Name => "large-heads";

    public string Subject => "1,500 requests with 60 KB of fields whose head does not end";

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop)
    {
        var head = target.Head("GET", "/v2/", Filler)[..^2];
        return Crowd.RunAsync(target.Count(Clients), tally, random, async (member, _, _) =>
        {
            using var connection = await target.OpenAsync(member, stop);
            tally.Connected();
            await connection.SendAsync(head, stop);
            await connection.ReadToEndAsync(stop);
            tally.WasClosed();
        }, stop);
    }
}
