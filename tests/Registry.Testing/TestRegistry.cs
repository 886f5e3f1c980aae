using Microsoft.Extensions.Logging;
using Registry.Server.Configuration;
using Registry.Server.Hosting;
using Registry.Storage.S3;
using Registry.Testing.Engines;

namespace Registry.Testing;

/// <summary>A real registry inside the test process: Kestrel on a free port of the loopback interface, with its own data folder.</summary>
public sealed class TestRegistry : IAsyncDisposable
{
    /// <summary>
    /// Variable with the address of a gateway of S3 as <see cref="CephGateway"/> starts it, which has a bucket <c>registry</c>: then all registries have their
    /// blobs there, unless a test opens a data folder that it has prepared.
    /// </summary>
    public const string BucketVariable = "TEST_S3_ENDPOINT";

    private readonly RegistryOptions _options;
    private readonly TemporaryFolder? _ownFolder;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;

    private TestRegistry(RegistryOptions options, TemporaryFolder? ownFolder, TimeProvider time)
    {
        _options = options;
        _ownFolder = ownFolder;
        _time = time;
        _loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(Log));
    }

    /// <summary>Log of the registry.</summary>
    public RecordedLog Log { get; } = new();

    /// <summary>The running registry.</summary>
    public RegistryHost Host { get; private set; } = null!;

    /// <summary>A client whose base address is the registry; it follows no redirects.</summary>
    public HttpClient Client { get; private set; } = null!;

    /// <summary>Path of the data folder.</summary>
    public string StoragePath => _options.StoragePath;

    /// <summary>Starts a registry.</summary>
    /// <param name="configure">Changes the options; host, port and storage are set already.</param>
    /// <param name="storagePath">A data folder that outlives the registry; null for a temporary one.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public static async Task<TestRegistry> StartAsync(
        Func<RegistryOptions, RegistryOptions>? configure = null, string? storagePath = null, TimeProvider? time = null)
    {
        var folder = storagePath is null ? new TemporaryFolder() : null;
        var options = new RegistryOptions { Host = "127.0.0.1", Port = 0, StoragePath = storagePath ?? folder!.Path, Bucket = storagePath is null ? FindBucket() : null };
        var registry = new TestRegistry(configure?.Invoke(options) ?? options, folder, time ?? TimeProvider.System);
        await registry.StartAsync();
        return registry;
    }

    /// <summary>Stops the registry cleanly and starts another on the same data folder.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _loggers.Dispose();
        Log.Dispose();
        _ownFolder?.Dispose();
    }

    private static S3Settings? FindBucket() => Environment.GetEnvironmentVariable(BucketVariable) is not { Length: > 0 } endpoint ? null : new S3Settings
    {
        Endpoint = new Uri(endpoint),
        Region = CephGateway.Region,
        Bucket = "registry",
        Prefix = $"test-{Guid.NewGuid():N}",
        PathStyle = true,
        AccessKey = CephGateway.AccessKey,
        SecretKey = CephGateway.SecretKey,
        DeleteAfter = TimeSpan.Zero,
    };

    private async Task StartAsync()
    {
        Host = await RegistryHost.StartAsync(_options, _time, _loggers);
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
#pragma warning disable CA5359 // It is the registry that was just started; what a client must check is the business of the tests of TLS.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        Client = new HttpClient(handler) { BaseAddress = new Uri(Host.Addresses[0]) };
    }

    private async Task StopAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
    }
}
