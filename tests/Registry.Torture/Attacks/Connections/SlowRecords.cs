namespace Registry.Torture.Attacks.Connections;

/// <summary>Clients that send a request one byte at a time; within TLS, each byte is a record of its own.</summary>
internal sealed class SlowRecords : IAttack
{
    private const int Clients = 200;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    public string Name => "slow-records";

    public string Subject => "200 requests that arrive one byte, or one TLS record, at a time";

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop)
    {
        var request = target.Head("GET", "/v2/");
        return Crowd.RunAsync(target.Count(Clients), tally, random, async (member, _, _) =>
        {
            using var connection = await target.OpenAsync(member, stop);
            tally.Connected();
            foreach (var character in request)
            {
                await connection.SendAsync(character.ToString(), stop);
                await Task.Delay(Step, stop);
            }

            tally.Answered(await connection.ReadAnswerAsync(cancellationToken: stop));
        }, stop);
    }
}
