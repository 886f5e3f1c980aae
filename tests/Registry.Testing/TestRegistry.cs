using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Registry.Server.Configuration;
using Registry.Server.Hosting;
using Registry.Storage.Postgres;
using Registry.Storage.S3;
using Registry.Testing.Engines;

namespace Registry.Testing;

/// <summary>A real registry inside the test process: Kestrel on a free port of the loopback interface, with its own data folder, or its own part of the <see cref="Stores"/>.</summary>
public sealed class TestRegistry : IAsyncDisposable
{
    /// <summary>
    /// Stores of all registries: a server of PostgreSQL, and a gateway of S3 with a bucket <c>registry</c>. A test that starts a registry on a prepared data folder, or with a clock that stands still, is
    /// skipped then. Null for data folders.
    /// </summary>
    public static (PostgresServer Database, CephGateway Bucket)? Stores { get; set; }

    // xunit skips a test that ends with an exception with this message. This project does not refer to it.
    private const string DynamicSkip = "$XunitDynamicSkip$";

    private const string DatabasePrefix = "of_test_";

    private readonly RegistryOptions _options;
    private readonly IReadOnlyList<EffectiveSetting> _settings;
    private readonly TemporaryFolder? _ownFolder;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;

    private TestRegistry(RegistryOptions options, IReadOnlyList<EffectiveSetting> settings, TemporaryFolder? ownFolder, TimeProvider time)
    {
        _options = options;
        _settings = settings;
        _ownFolder = ownFolder;
        _time = time;
        _loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(Log));
    }

    /// <summary>Log of the registry.</summary>
    public RecordedLog Log { get; } = new();

    /// <summary>The running registry.</summary>
    public RegistryHost Host { get; private set; } = null!;

    /// <summary>A client whose base address is the registry; it follows no redirects, and keeps no cookies.</summary>
    public HttpClient Client { get; private set; } = null!;

    /// <summary>Path of the data folder. A test that asks for it is skipped where registries have none (<see cref="Stores"/>).</summary>
    public string StoragePath
    {
        get
        {
            SkipOnNodes("speaks of the data folder");
            return _options.StoragePath;
        }
    }

    /// <summary>Skips the test where registries have PostgreSQL and S3 (<see cref="Stores"/>).</summary>
    /// <param name="reason">Predicate whose subject is the test, such as <c>speaks of the data folder</c>.</param>
    public static void SkipOnNodes(string reason)
    {
        if (Stores is not null)
        {
            throw new InvalidOperationException($"{DynamicSkip}The test {reason}.");
        }
    }

    /// <summary>Starts a registry.</summary>
    /// <param name="configure">Changes the options; host, port and storage are set already.</param>
    /// <param name="storagePath">A data folder that outlives the registry; null for a temporary one.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="settings">Settings that it shows to admins, which change nothing; null for the defaults.</param>
    /// <param name="isOnDisk">True for a test about how content is read: for a file system in memory, the kernel does not tell what it has cached.</param>
    public static async Task<TestRegistry> StartAsync(
        Func<RegistryOptions, RegistryOptions>? configure = null,
        string? storagePath = null,
        TimeProvider? time = null,
        IReadOnlyList<EffectiveSetting>? settings = null,
        bool isOnDisk = false)
    {
        if (storagePath is not null)
        {
            SkipOnNodes("prepares a data folder");
        }

        if (time is FakeTimeProvider)
        {
            SkipOnNodes("stops the clock, which the stores of nodes do not follow");
        }

        var folder = storagePath is null ? new TemporaryFolder(isInMemory: !isOnDisk) : null;
        var options = new RegistryOptions { Host = "127.0.0.1", Port = 0, StoragePath = storagePath ?? folder!.Path };
        if (Stores is var (database, bucket))
        {
            options = options with { Database = await CreateDatabaseAsync(database), Bucket = NewPrefix(bucket) };
        }

        var registry = new TestRegistry(
            configure?.Invoke(options) ?? options, settings ?? OptionsReader.Read(new Dictionary<string, string>()).Settings, folder, time ?? TimeProvider.System);
        try
        {
            await registry.StartAsync();
            return registry;
        }
        catch
        {
            await registry.RemoveAsync();
            throw;
        }
    }

    /// <summary>Stops the registry cleanly and starts another on the same data folder.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>Stops the registry cleanly; its data stays until it is disposed.</summary>
    public async Task StopAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await RemoveAsync();
    }

    private static S3Settings NewPrefix(CephGateway bucket) => new()
    {
        Endpoint = bucket.Endpoint,
        Region = CephGateway.Region,
        Bucket = "registry",
        Prefix = $"test-{Guid.NewGuid():N}",
        PathStyle = true,
        AccessKey = CephGateway.AccessKey,
        SecretKey = CephGateway.SecretKey,
        DeleteAfter = TimeSpan.Zero,
    };

    private static async Task<PostgresSettings> CreateDatabaseAsync(PostgresServer server) =>
        new() { ConnectionString = await server.CreateDatabaseAsync($"{DatabasePrefix}{Guid.NewGuid():N}") };

    private async Task StartAsync()
    {
        Host = await RegistryHost.StartAsync(_options, _time, _loggers, _settings);
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
#pragma warning disable CA5359 // It is the registry that was just started; what a client must check is the business of the tests of TLS.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        Client = new HttpClient(handler) { BaseAddress = new Uri(Host.Addresses[0]) };
    }

    // Removes what it has stored, unless that is to outlive it.
    private async ValueTask RemoveAsync()
    {
        _loggers.Dispose();
        Log.Dispose();
        _ownFolder?.Dispose();
        if (Stores is var (server, _) && _options.Database is { } database && database.ConnectionString.Contains(DatabasePrefix, StringComparison.Ordinal))
        {
            await server.DropDatabaseAsync(new NpgsqlConnectionStringBuilder(database.ConnectionString).Database!);
        }
    }
}
