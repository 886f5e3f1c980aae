namespace Registry.Torture.Attacks.Requests;

/// <summary>One user who opens upload sessions as fast as the registry allows, and never uses them.</summary>
internal sealed class SessionFlood : IAttack
{
    private const int Connections = 8;
    private const int Pipelined = 50;

    public string Name => "session-flood";

    public string Subject => "upload sessions opened as fast as possible by one user, and left";

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop)
    {
        var requests = string.Concat(Enumerable.Repeat(target.Head("POST", $"/v2/{Target.Repository}/blobs/uploads/", "Content-Length: 0"), Pipelined));
        return Crowd.RunAsync(target.Count(Connections), tally, random, async (member, _, _) =>
        {
            using var connection = await target.OpenAsync(member, stop);
            tally.Connected();
            while (true)
            {
                await connection.SendAsync(requests, stop);
                for (var i = 0; i < Pipelined; i++)
                {
                    tally.Answered(await connection.ReadAnswerAsync(cancellationToken: stop));
                }
            }
        }, stop);
    }
}
