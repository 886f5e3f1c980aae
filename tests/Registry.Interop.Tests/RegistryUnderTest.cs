using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests;

/// <summary>
/// Registry of all client tests, started once. Each test uses its own repositories. With REGISTRY_INTEROP_TARGET set to <c>host:port</c>,
/// the tests use a running registry, for comparison with another product.
/// </summary>
public sealed class RegistryUnderTest : IAsyncLifetime
{
    private readonly string? _target = Environment.GetEnvironmentVariable("REGISTRY_INTEROP_TARGET");
    private readonly TemporaryFolder _storage = new("storage");
    private RegistryProcess? _process;
    private RegistryHttp? _http;

    /// <summary>Prefix of image references.</summary>
    public string HostPort => _target ?? _process!.HostPort;

    /// <summary>Output of the server.</summary>
    public string Output => _process?.Output ?? "";

    internal RegistryHttp Http => _http!;

    public async ValueTask InitializeAsync()
    {
        if (_target is null)
        {
            // Prints a line for each request.
            var settings = new Dictionary<string, string?> { ["REGISTRY_LOG_LEVEL"] = "debug" };
            _process = await RegistryProcess.StartAsync(_storage.Path, settings, cancellationToken: TestContext.Current.CancellationToken);
        }
        _http = new RegistryHttp(new Uri($"http://{HostPort}"));
    }

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
        _storage.Dispose();
    }
}
