using System.Net.Sockets;
using System.Text;

namespace Registry.Server.Tests.Hosting;

/// <summary>The registry under a service manager, whose socket is a real one.</summary>
public sealed class ServiceNotifierTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _manager.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_service_manager_is_told_when_the_registry_is_ready_reloads_and_stops(bool isAbstract)
    {
        var name = isAbstract ? $"registry-test-{Guid.NewGuid():n}" : Path.Combine(_folder.Path, "notify");
        _manager.Bind(new UnixDomainSocketEndPoint(isAbstract ? '\0' + name : name));
        await using var registry = await RegistryProcess.StartAsync(
            Path.Combine(_folder.Path, "data"),
            new Dictionary<string, string?> { ["NOTIFY_SOCKET"] = isAbstract ? '@' + name : name },
            cancellationToken: Cancellation);

        Assert.Equal($"READY=1\nSTATUS=Listening on {registry.BaseAddress.GetLeftPart(UriPartial.Authority)}", await ReceiveAsync());
        using (var client = new HttpClient { BaseAddress = registry.BaseAddress })
        {
            Assert.True((await client.GetAsync("/v2/", Cancellation)).IsSuccessStatusCode);
        }

        const int HangUp = 1;
        registry.Signal(HangUp);
        Assert.Matches(@"\ARELOADING=1\nMONOTONIC_USEC=\d+\z", await ReceiveAsync());
        Assert.Equal("READY=1", await ReceiveAsync());

        var stopped = registry.StopAsync(Cancellation);
        Assert.StartsWith("STOPPING=1\n", await ReceiveAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await stopped);
    }

    [Theory]
    [InlineData("/nowhere/notify")]
    [InlineData("@nobody-listens-here")]
    public async Task A_service_manager_that_is_not_there_is_a_warning_and_the_registry_serves(string address)
    {
        await using var registry = await RegistryProcess.StartAsync(
            Path.Combine(_folder.Path, "data"), new Dictionary<string, string?> { ["NOTIFY_SOCKET"] = address }, cancellationToken: Cancellation);

        await registry.WaitForOutputAsync($"(NOTIFY_SOCKET {address}): ");
        Assert.Equal(0, await registry.StopAsync(Cancellation));
    }

    [Fact]
    public async Task A_faulty_setting_ends_with_the_exit_code_that_the_unit_does_not_restart_on()
    {
        var (exitCode, _) = await RegistryProcess.RunAsync(
            "serve", Path.Combine(_folder.Path, "data"), new Dictionary<string, string?> { ["REGISTRY_PORT"] = "abc" }, Cancellation);

        Assert.Equal(2, exitCode);
        Assert.Contains($"RestartPreventExitStatus={exitCode}", File.ReadAllLines(SourceTree.Locate("deploy/systemd/registry.service")));
    }

    private async Task<string> ReceiveAsync()
    {
        var buffer = new byte[4096];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(Deadline);
        return Encoding.UTF8.GetString(buffer, 0, await _manager.ReceiveAsync(buffer, SocketFlags.None, limit.Token));
    }
}
