using System.Buffers;
using Registry.Server.Hosting.Kestrel;
using Registry.Server.Memory;
using Registry.Server.Tests.Http;
using Registry.Server.Tests.Tls;
using Registry.Server.Transport.Buffers;

namespace Registry.Server.Tests.Hosting.Kestrel;

public sealed class RequestWindowTests : IDisposable
{
    private const int KiB = 1024;
    private const int MiB = 1024 * KiB;
    private const int LargestFrame = 64 * KiB;

    private readonly TlsFolder _tls = new();

    public void Dispose() => _tls.Dispose();

    [Theory]
    [InlineData(20, 1024)]
    [InlineData(154, 1024)]
    [InlineData(320, 2048)]
    [InlineData(614, 3929)]
    [InlineData(14_000, 4096)]
    public void Windows_grow_with_the_memory_of_the_process(long heapMiB, int connectionKiB)
    {
        var window = RequestWindow.For(heapMiB * MiB);

        Assert.Equal(connectionKiB, window.Connection / KiB);
        Assert.Equal(window.Connection / 4 * 3, window.Stream);
    }

    [Fact]
    public async Task Clients_learn_the_window_and_the_largest_frame()
    {
        await using var registry = await StartAsync(WireKind.Http2);
        using var client = await WireClient.ConnectAsync(registry, WireKind.Http2);

        var settings = await client.ReadSettingsAsync();

        var window = RequestWindow.For(ProcessMemoryLimits.OfProcess.WholeHeap);
        Assert.Equal(window.Stream, settings[Http2Frames.InitialWindowSize]);
        Assert.Equal(LargestFrame, settings[Http2Frames.MaxFrameSize]);
    }

    [Theory]
    [InlineData(WireKind.Http2)]
    [InlineData(WireKind.Http2OverTls)]
    public async Task The_largest_frame_arrives_while_memory_for_connections_is_short(WireKind wire)
    {
        await using var registry = await StartAsync(wire);
        var blob = TestBlob.Random(LargestFrame);
        var taken = new List<IMemoryOwner<byte>>();
        while (!registry.Host.Buffers.IsCrowded)
        {
            taken.Add(registry.Host.Buffers.Rent(BlockPool.LargestBlock));
        }

        using var client = await WireClient.ConnectAsync(registry, wire);
        await client.RequestAsync("POST", $"/v2/large/blobs/uploads/?digest={blob.Digest}", body: blob.Bytes);
        await client.SendAsync(Http2Frames.Frame(Http2Frames.Data, Http2Frames.EndStream, 1, []));
        await client.AwaitFramesAsync(Http2Frames.Headers, 1);

        Assert.Equal(blob.Bytes, (await registry.Client.GetAnswerAsync($"/v2/large/blobs/{blob.Digest}")).Body);
        taken.ForEach(block => block.Dispose());
    }

    private Task<TestRegistry> StartAsync(WireKind wire) =>
        TestRegistry.StartAsync(options => wire == WireKind.Http2OverTls ? _tls.Configure(options) : options with { Http2Port = 0 });
}
