using static Registry.Testing.Connections.Http2Frames;

namespace Registry.Torture.Attacks.Streams;

/// <summary>Floods of frames of HTTP/2, a bounded number on each connection: rapid resets, endless headers, SETTINGS and PING.</summary>
internal sealed class Http2Floods : IAttack
{
    private const int Connections = 4;
    private const int Frames = 5000;
    private const int FramesAtOnce = 100;

    // So that this attack leaves the attackers' processor to the others.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    public string Name => "http2-floods";

    public string Subject => "HTTP/2: rapid resets, CONTINUATION, SETTINGS and PING";

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop) =>
        Crowd.RunAsync(target.Count(Connections), tally, random, async (member, turn, _) =>
        {
            using var connection = await target.OpenHttp2Async(member, stop);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
            tally.Connected();
            var reading = DrainAsync(connection.Stream, end.Token);
            try
            {
                await connection.SendAsync(Preface, stop);
                foreach (var frames in Flood(turn.Next(4), target).Chunk(FramesAtOnce))
                {
                    await connection.SendAsync(frames.SelectMany(frame => frame).ToArray(), stop);
                    tally.Add("frames", frames.Length);
                    await Task.Delay(Pause, stop);
                }
            }
            finally
            {
                await end.CancelAsync();
                await reading;
            }
        }, stop);

    private static IEnumerable<byte[]> Flood(int kind, Target target)
    {
        var request = target.Http2Get($"/v2/{Target.Repository}/tags/list");
        for (var i = 0; i < Frames; i++)
        {
            var stream = (2 * i) + 1;
            yield return kind switch
            {
                0 => [.. Frame(Headers, EndStream | EndHeaders, stream, request), .. Frame(Reset, 0, stream, [0, 0, 0, 8])],
                1 => i == 0 ? Frame(Headers, EndStream, 1, request) : Frame(Continuation, 0, 1, Literal(0, "value", "x-padding")),
                2 => Frame(Settings, 0, 0, []),
                _ => Frame(Ping, 0, 0, new byte[8]),
            };
        }
    }

    // A flood whose answers are not read would only wait.
    private static async Task DrainAsync(Stream stream, CancellationToken end)
    {
        try
        {
            while (true)
            {
                await ReadAsync(stream, end);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The end of the connection.
        }
    }
}
