using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Registry.Files;
using Registry.Server.Tests.Transport.Fixtures;

namespace Registry.Server.Tests.Transport;

/// <summary>More connections than the process may have descriptors: some wait, and all are served.</summary>
[SupportedOSPlatform("linux")]
public sealed class DescriptorLimitTests : IDisposable
{
    // What is kept for files and threads is more than half of this.
    private const int Spare = 256;

    // Those that wait must fit into the queue of Kestrel's transport, which has 512 places.
    private const int Connections = 400;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("kestrel")]
    [InlineData("direct")]
    public async Task Accepting_goes_on_after_the_descriptors_had_run_out(string transport)
    {
        await using var registry = await RegistryProcess.StartAsync(
            _folder.Path, new Dictionary<string, string?> { ["REGISTRY_TRANSPORT"] = transport });
        using var early = new HttpClient { BaseAddress = registry.BaseAddress };
        var blob = await early.PushBlobAsync("t", Samples.Page);
        Check.Status(200, await early.GetAnswerAsync("/v2/"));
        var limit = registry.OpenDescriptors + Spare;
        registry.LimitDescriptors(limit);

        var sockets = new List<Socket>();
        for (var i = 0; i < Connections; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            sockets.Add(socket);
            await socket.ConnectAsync(IPAddress.Loopback, registry.BaseAddress.Port);
        }

        await registry.WaitForOutputAsync("New connections wait until others end");
        for (var i = 0; i < Connections; i++)
        {
            Check.Status(200, await early.GetAnswerAsync(Samples.Path(blob)));
        }

        Assert.InRange(registry.OpenDescriptors, 1, limit - OpenFileLimit.Reserve);
        sockets.ForEach(socket => socket.Dispose());

        using var late = new HttpClient { BaseAddress = registry.BaseAddress };
        Assert.Equal(blob.Bytes, Check.Status(200, await late.GetAnswerAsync(Samples.Path(blob))).Body);
        Assert.False(registry.HasExited, registry.Output);
    }
}
