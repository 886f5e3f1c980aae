using static Registry.Testing.Connections.Http2Frames;

namespace Registry.Torture.Attacks.Streams;

/// <summary>
/// Connections of HTTP/2 that send as much of the bodies of twenty uploads as the registry's windows take (RFC 9113, section 6.9), and stop: what it does not
/// read at once stays in its memory.
/// </summary>
internal sealed class WaitingUploads : IAttack
{
    private const int Connections = 200;
    private const int Streams = 20;
    private const int FrameSize = 16 * 1024;

    private const int Sha256Length = 64;

    // All of them together fill the window of the connection: 1 MiB in a control group of 256 MiB.
    private const int SentOnEach = 48 * 1024;

    public string Name => "waiting-uploads";

    public string Subject => "4,000 uploads on 200 connections of HTTP/2 that fill the windows of the registry and stop";

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop)
    {
        byte[] requests =
        [
            .. Preface,
            .. Enumerable.Range(0, Streams).SelectMany(i => Begin(target, (2 * i) + 1)),
        ];
        return Crowd.RunAsync(target.Count(Connections), tally, random, async (member, _, _) =>
        {
            using var connection = await target.OpenHttp2Async(member, stop);
            tally.Connected();
            await connection.SendAsync(requests, stop);
            await ClosedWindows.CountAsync(connection, tally, stop);
        }, stop);
    }

    private static byte[] Begin(Target target, int stream)
    {
        var frames = Frame(Headers, EndHeaders, stream, target.Http2Head(PostMethod, $"/v2/{Target.Repository}/blobs/uploads/?digest=sha256:{new string('0', Sha256Length)}"));
        for (var sent = 0; sent < SentOnEach; sent += FrameSize)
        {
            frames = [.. frames, .. Frame(Data, 0, stream, new byte[FrameSize])];
        }

        return frames;
    }
}
