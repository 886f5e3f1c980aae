using Registry.Testing;
using Registry.Testing.Connections;
using static Registry.Testing.Connections.Http2Frames;

namespace Registry.Torture.Attacks.Streams;

/// <summary>Connections of HTTP/2 whose windows are 0, with twenty requests each for a manifest of 4 MB: nothing can be sent.</summary>
internal sealed class ClosedWindows : IAttack
{
    private const int Connections = 20;
    private const int Streams = 20;

    public string Name => "closed-windows";

    public string Subject => "400 GETs of a manifest of 4 MB on 20 connections of HTTP/2 whose windows are 0";

    private readonly TestImage _image = TestImage.Create(Content.Annotated(Content.Large));

    public Task PrepareAsync(Target target, Tally tally) => Content.PushAsync(target, _image, tally);

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop)
    {
        byte[] requests =
        [
            .. Preface, .. Setting(InitialWindowSize, 0),
            .. Enumerable.Range(0, target.Count(Streams)).SelectMany(i =>
                Frame(Headers, EndStream | EndHeaders, (2 * i) + 1, target.Http2Get($"/v2/{Target.Repository}/manifests/{_image.Digest}"))),
        ];
        return Crowd.RunAsync(Connections, tally, random, async (member, _, _) =>
        {
            using var connection = await target.OpenHttp2Async(member, stop);
            tally.Connected();
            await connection.SendAsync(requests, stop);
            await CountAsync(connection, tally, stop);
        }, stop);
    }

    /// <summary>Counts answers that begin, and streams that the registry resets, until the connection is closed.</summary>
    public static async Task CountAsync(RawConnection connection, Tally tally, CancellationToken stop)
    {
        while (true)
        {
            var (type, _) = await ReadAsync(connection.Stream, stop);
            if (type is Headers or Reset)
            {
                tally.Add(type == Headers ? "answers begun" : "streams reset");
            }
        }
    }
}
