using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Registry.Server.Tests.Commands;

/// <summary>Health check command for containers.</summary>
public sealed class HealthcheckCommandTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public HealthcheckCommandTests() => _listener.Start();

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_registry_that_runs_is_healthy_at_its_own_settings_and_at_its_URL()
    {
        await using var registry = await TestRegistry.StartAsync();
        var address = new Uri(registry.Host.Addresses[0]);

        var own = await CommandRun.OfAsync(
            new Dictionary<string, string> { ["REGISTRY_PORT"] = $"{address.Port}", ["REGISTRY_HOST"] = "0.0.0.0" }, "healthcheck");
        Assert.Equal((0, ""), (own.ExitCode, own.Error));
        Assert.StartsWith($"healthy: http://127.0.0.1:{address.Port}/", own.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await CommandRun.OfAsync("healthcheck", "--url", $"{address}")).ExitCode);
    }

    [Theory]
    [InlineData("404 Not Found", "401 Unauthorized", 0, "healthy: http://127.0.0.1:PORT/v2/ answered 401\n")]
    [InlineData("404 Not Found", "500 Internal Server Error", 1, "registry: not healthy: http://127.0.0.1:PORT/v2/ answered 500\n")]
    [InlineData("503 Service Unavailable", "200 OK", 1, "registry: not healthy: http://127.0.0.1:PORT/readyz answered 503 the disk is full\n")]
    [InlineData("200 OK", "500 Internal Server Error", 0, "healthy: http://127.0.0.1:PORT/readyz answered 200 the disk is full\n")]
    public async Task The_answer_decides(string ready, string root, int exitCode, string line)
    {
        var port = Port;
        var serving = ServeAsync(stream => Task.FromResult<Stream>(stream), ready, root);
        var run = await CommandRun.OfAsync("healthcheck", "--port", $"{Port}", "--host", "127.0.0.1");
        _listener.Stop();
        await serving;

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Equal(line.Replace("PORT", $"{port}", StringComparison.Ordinal), run.Output + run.Error);
    }

    [Fact]
    public async Task A_certificate_of_the_registry_itself_is_accepted_on_this_machine()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=registry.example.com", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var serving = ServeAsync(
            async stream =>
            {
                var tls = new SslStream(stream);
                await tls.AuthenticateAsServerAsync(certificate);
                return tls;
            },
            "200 OK",
            "200 OK");
        var run = await CommandRun.OfAsync("healthcheck", "--url", $"https://localhost:{Port}");
        _listener.Stop();
        await serving;

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
    }

    [Fact]
    public async Task No_answer_is_reported_with_the_reason()
    {
        var port = Port;
        _listener.Stop();
        var run = await CommandRun.OfAsync("healthcheck", "--port", $"{port}");
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.StartsWith($"registry: not healthy: http://127.0.0.1:{port}/ Connection refused", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_does_not_wait_for_an_answer_that_does_not_come()
    {
        // The system accepts the connection, and that is all.
        var run = await CommandRun.OfAsync("healthcheck", "--port", $"{Port}");
        Assert.Equal(new CommandRun(1, "", $"registry: not healthy: http://127.0.0.1:{Port}/ no answer within 3 seconds\n"), run);
    }

    [Theory]
    [InlineData("--port 0", "REGISTRY_PORT is 0, so the port of the running registry is unknown; pass its address with --url")]
    [InlineData("--port x", "--port is 'x'; allowed: a port from 0 to 65535")]
    [InlineData("--url localhost", "--url is 'localhost'; allowed: http:// or https:// with a host, for example http://localhost:15000")]
    public async Task An_address_that_is_none_is_wrong_usage(string arguments, string message) =>
        Assert.Equal(new CommandRun(2, "", $"registry: {message}\n"), await CommandRun.OfAsync(["healthcheck", .. arguments.Split(' ')]));

    // Answers /readyz and everything else, one request a connection, until the listener stops.
    private async Task ServeAsync(Func<Stream, Task<Stream>> secure, string ready, string root)
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                await using var stream = await secure(client.GetStream());
                using var reader = new StreamReader(stream, leaveOpen: true);
                var request = await reader.ReadLineAsync();
                while (await reader.ReadLineAsync() is { Length: > 0 })
                {
                    // Headers.
                }

                const string Body = "the disk\n  is full";
                var status = request!.StartsWith("GET /readyz ", StringComparison.Ordinal) ? ready : root;
                await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(
                    $"HTTP/1.1 {status}\r\nContent-Length: {Body.Length}\r\nConnection: close\r\n\r\n{Body}"));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Stopped.
        }
    }
}
