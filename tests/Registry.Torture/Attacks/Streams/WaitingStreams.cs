using static Registry.Testing.Connections.Http2Frames;

namespace Registry.Torture.Attacks.Streams;

/// <summary>
/// Many connections of HTTP/2 whose windows are 0, with a hundred requests each for something small: each answer costs little, and there are as many
/// as the registry lets wait.
/// </summary>
internal sealed class WaitingStreams : IAttack
{
    private const int Connections = 200;
    private const int Streams = 100;

    public string Name => "waiting-streams";

    public string Subject => "20,000 GETs of what is small on 200 connections of HTTP/2 whose windows are 0";

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop)
    {
        byte[] requests =
        [
            .. Preface, .. Setting(InitialWindowSize, 0),
            .. Enumerable.Range(0, Streams).SelectMany(i => Frame(Headers, EndStream | EndHeaders, (2 * i) + 1, target.Http2Get($"/v2/{Target.Repository}/manifests/none"))),
        ];
        return Crowd.RunAsync(target.Count(Connections), tally, random, async (member, _, _) =>
        {
            using var connection = await target.OpenHttp2Async(member, stop);
            tally.Connected();
            await connection.SendAsync(requests, stop);
            await ClosedWindows.CountAsync(connection, tally, stop);
        }, stop);
    }
}
