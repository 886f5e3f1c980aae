using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Collection;
using Registry.Core.Storage;
using Registry.Core.Verification;
using Registry.Events;
using Registry.Files.Watching;
using Registry.Mirror;
using Registry.Server.Configuration;
using Registry.Server.Endpoints;
using Registry.Server.Endpoints.Probes;
using Registry.Server.Health;
using Registry.Server.Hosting.Kestrel;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Maintenance;
using Registry.Server.Memory;
using Registry.Server.Pipeline;
using Registry.Server.Requests;
using Registry.Server.Routing;
using Registry.Server.Telemetry;
using Registry.Server.Telemetry.Metrics;
using Registry.Server.Tls;
using Registry.Server.Transport;
using Registry.Server.Transport.Buffers;
using Registry.Server.Transport.Output;
using Registry.Server.Web;
using Registry.Storage;

namespace Registry.Server.Hosting;

/// <summary>Composition root: creates every object of a running registry, in the order of their dependencies.</summary>
public sealed class RegistryHost : IAsyncDisposable
{
    // What commands on the same machine may ask for.
    private const string ApiPrefix = "/api/v1/";

    private readonly RegistryStorage _storage;
    private readonly RegistryCore _core;
    private readonly PolicyComposition _policy;
    private readonly AccessComposition _access;
    private readonly MirrorComposition _mirror;
    private readonly EventComposition _events;
    private readonly TlsFiles? _tls;
    private readonly KestrelServer _kestrel;
    private readonly HttpApplication _application;
    private readonly RequestPipeline? _local;
    private readonly TimeProvider _time;
    private readonly BodyWatch _bodies;
    private readonly MemoryWatch _memoryWatch;
    private readonly ILoggerFactory _loggers;
    private readonly RegistryOptions _options;
    private readonly BackgroundWork _background;
    private readonly StopStages _stop;
    private readonly FileReloads _reloads;
    private readonly HostMetrics _hostMetrics;
    private TelemetryExport? _telemetry;
    private MetricsServer? _metrics;
    private LocalServer? _localServer;
    private bool _started;
    private bool _disposed;

    private RegistryHost(
        RegistryOptions options,
        IReadOnlyList<EffectiveSetting> settings,
        RegistryStorage storage,
        PolicyComposition policy,
        AccessComposition access,
        MirrorComposition mirror,
        EventComposition events,
        TlsFiles? tls,
        RequestMemory memory,
        HostMetrics metrics,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        Memory = memory;
        _hostMetrics = metrics;
        _options = options;
        _storage = storage;
        _policy = policy;
        _access = access;
        _mirror = mirror;
        _events = events;
        _tls = tls;
        _loggers = loggers;
        _time = time;
        _stop = new StopStages(options.Limits.Drain, loggers.CreateLogger<RegistryHost>());
        ReadOnly = new ReadOnlyMode(options.Readonly, loggers.CreateLogger<ReadOnlyMode>());
        _core = new RegistryCore(storage.Ports, policy.Complete(options.CoreSettings) with { IsReadOnly = () => ReadOnly.IsOn }, time, loggers);
        _reloads = new FileReloads(
            [.. access.Files, .. policy.Files, .. mirror.Files, .. events.Files, .. tls is null ? Array.Empty<(string, IReloadable)>() : [("REGISTRY_TLS_CERT", tls)]], loggers.CreateLogger<FileReloads>());
        var readiness = new Readiness(storage, ReadOnly, tls, time, loggers.CreateLogger<Readiness>());
        var status = new StatusReader(storage, _core, ReadOnly, readiness, () => _mirror.Pulls, () => _events.Dispatch, () => _background!.LastCollection, time);
        var locations = new Locations(options.ExternalUrl);
        Jobs = new MaintenanceJobs(storage, _core, time, loggers.CreateLogger<MaintenanceJobs>());
        var dispatch = events.Compose(_core, storage.Ports, options, time, loggers);
        var pulls = mirror.Begin(_core, storage.Ports, options, time, loggers);
        var routes = RouteTable.Create(
            new BlobEndpoints(_core.Blobs, pulls),
            new UploadEndpoints(_core.Uploads, _core.Blobs, locations),
            new ManifestEndpoints(_core.Manifests, _core.RequiredSignatures, locations, memory, options, _core.Pulls, pulls),
            new ListEndpoints(_core.Lists, memory, pulls),
            new ReferrerEndpoints(_core.Referrers, memory, pulls),
            new TagEndpoints(_core.History, _core.Rollbacks, _core.Repositories, memory, options),
            new TrashEndpoints(_core.Trash, _core.Restores, _core.Purges, memory, options),
            new RepositoryEndpoints(_core.Repositories, _core.RepositoryRestores, memory, options),
            new SpaceEndpoints(_core.Space, memory),
            new InventoryEndpoints(_core.Inventory, _core.Space, memory),
            new ActivityEndpoints(_core.Activity, memory),
            new ChangeEndpoints(storage.Ports.Changes, _core.Changes, _core.Activity, memory, options, time),
            new MaintenanceEndpoints(Jobs, pulls, ReadOnly, memory, options),
            new PolicyEndpoints(_core.PolicyExplanations, mirror.Mapping, memory),
            new MirrorEndpoints(pulls, ReadOnly, memory, options),
            new EventEndpoints(dispatch, ReadOnly, memory, options),
            new HealthEndpoints(readiness),
            _access.TokenEndpoint);
        var telemetry = new RequestTelemetry(
            time, new RequestLog(loggers.CreateLogger<RequestLog>(), options.AccessLog), new AuditLog(loggers.CreateLogger<AuditLog>()), metrics.Requests);
        var errors = new ErrorResponse(_core.Uploads, locations);
        var pipeline = new RequestPipeline(
            new RouteTrie(routes),
            _access.Gate,
            ReadOnly,
            options.CorsOrigins.IsEmpty ? null : new CrossOrigin(options.CorsOrigins),
            errors,
            telemetry,
            memory,
            storage.Faults,
            loggers.CreateLogger<RequestPipeline>(),
            WebInterface.Create(
                options, _core, access.Authorizer, access.Users, new AdministrationSources(status, Jobs, ReadOnly, settings, () => access.UserNames, () => _mirror.Pulls, dispatch), () => policy.Current, access.FailedLogins, memory, time),
            mirror.Mapping);
        Handle = ForwardedRequest.Before(pipeline.HandleAsync, options.TrustedProxies);
        _local = !OperatingSystem.IsLinux() ? null : new RequestPipeline(
            new RouteTrie(routes.Where(route => route.Path.StartsWith(ApiPrefix, StringComparison.Ordinal))),
            new LocalGate(),
            ReadOnly,
            crossOrigin: null,
            errors,
            telemetry,
            memory,
            storage.Faults,
            loggers.CreateLogger<RequestPipeline>(),
            mirror: mirror.Mapping);
        Buffers = new BlockPool(memory.Buffers);
        var unsent = new UnsentAnswers(storage.Faults, loggers.CreateLogger<UnsentAnswers>());
        Transport = KestrelFactory.CreateTransport(options, Buffers, storage.Threads.RunAsync, unsent, time, loggers, metrics.Requests);
        var tlsLayer = KestrelFactory.CreateTls(options, tls, Buffers, storage.Threads.RunAsync, unsent, metrics, time, loggers);
        _bodies = new BodyWatch(options.Limits, options.IdleTimeout, Buffers, time);
        var trim = new MemoryTrim(Buffers);
        _background = new BackgroundWork(options, storage, _core, access.Users?.Sessions, pulls, ReadOnly, tls, trim, metrics, time, loggers);
        _application = new HttpApplication(Handle, _bodies);
        Connections = KestrelFactory.CreateLimit(options, Transport, hasHttp2: tls is not null || options.Http2Port is not null, time, loggers);
        _kestrel = KestrelFactory.Create(options, Transport, Connections, tlsLayer, time, loggers, metrics.Requests);
        Func<MemoryUse> readUse = () => MemoryUse.OfProcess(Buffers);
        Func<TimeSpan> readTime = () => Environment.CpuUsage.TotalTime;
        _memoryWatch = new MemoryWatch(ProcessMemoryLimits.OfProcess, readUse, trim.Actions, Connections, readTime, time, loggers.CreateLogger<MemoryWatch>());
    }

    /// <summary>Addresses that the registry listens on, with the ports that the system chose.</summary>
    public IReadOnlyList<string> Addresses => [.. _kestrel.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses];

    /// <summary>URL of the metrics; null when they are not served.</summary>
    public string? MetricsAddress => _metrics?.Address;

    /// <summary>Garbage collector; it also runs by itself.</summary>
    public GarbageCollector Collector => _core.Collector;

    /// <summary>Rules of the garbage collector.</summary>
    public TimeSpan CollectionInterval => _core.Grace.Interval;

    /// <summary>Verifier; it also runs by itself.</summary>
    public Verifier Verifier => _core.Verifier;

    /// <summary>Read-only mode of the registry.</summary>
    public ReadOnlyMode ReadOnly { get; }

    /// <summary>Handler of every request, for tests that measure it without Kestrel.</summary>
    internal Func<RequestContext, Task> Handle { get; }

    /// <summary>Maintenance that people have asked for.</summary>
    internal MaintenanceJobs Jobs { get; }

    /// <summary>Pulls from mirrored repositories; null without a mirror.</summary>
    internal MirrorPulls? Mirror => _mirror.Pulls;

    /// <summary>Core, for tests that must see more than requests show.</summary>
    internal RegistryCore Core => _core;

    /// <summary>Sends the events; null without endpoints.</summary>
    internal EventDispatch? Events => _events.Dispatch;

    /// <summary>Storage, for tests that must see more than requests show.</summary>
    internal RegistryStorage Storage => _storage;

    /// <summary>Memory that requests hold.</summary>
    internal RequestMemory Memory { get; }

    /// <summary>Memory of connections.</summary>
    internal BlockPool Buffers { get; }

    /// <summary>Limit of the connections.</summary>
    internal ConnectionLimit Connections { get; }

    /// <summary>Number of passwords checked with bcrypt.</summary>
    internal long PasswordChecks => _access.PasswordChecks;

    /// <summary>Transport, for tests that count its buffers.</summary>
    internal IConnectionListenerFactory Transport { get; }

    /// <summary>Opens the storage and starts listening.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="settings">The same settings with their origin, for people; null to show none.</param>
    /// <exception cref="StorageException">The data folder cannot be used.</exception>
    /// <exception cref="StorageChoiceException">The blobs of the folder are elsewhere, or the database or bucket cannot be used.</exception>
    /// <exception cref="StartupException">A file of users, keys, rules, the mirror, events or TLS, or the address for metrics, cannot be used.</exception>
    /// <exception cref="IOException">The registry cannot listen on the address.</exception>
    public static async Task<RegistryHost> StartAsync(RegistryOptions options, TimeProvider time, ILoggerFactory loggers, IReadOnlyList<EffectiveSetting>? settings = null)
    {
        var metrics = new HostMetrics();
        var memory = new RequestMemory(options.RequestMemory ?? RequestMemory.Default(options.ManifestMaxSize), time, loggers.CreateLogger<RequestMemory>());
        PolicyComposition? policy = null;
        RegistryStorage? storage = null;
        AccessComposition? access = null;
        MirrorComposition? mirror = null;
        EventComposition? events = null;
        TlsFiles? tls;
        try
        {
            policy = PolicyComposition.Open(options, time, loggers);
            storage = await RegistryStorage.OpenAsync(options.Storage, policy.ChangeRules, time, loggers, options.StorageLimits, metrics: metrics.Storage);
            events = EventComposition.Open(options, time, loggers);
            mirror = MirrorComposition.Open(options, storage.Ports.Mirror, time, loggers);
            access = await AccessComposition.OpenAsync(options, storage, mirror.Mapping, memory, time, loggers);
            tls = TlsFiles.Open(options, time, loggers);
            FilePermissions.Check(options, storage.Folder?.Paths, loggers.CreateLogger(typeof(FilePermissions).FullName!));
        }
        catch
        {
            await (access?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (mirror?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (events?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (storage?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (policy?.DisposeAsync() ?? ValueTask.CompletedTask);
            metrics.Dispose();
            throw;
        }

        var host = new RegistryHost(options, settings ?? [], storage, policy, access, mirror, events, tls, memory, metrics, time, loggers);
        try
        {
            await host.StartAsync();
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reloads the files of users, keys, rules, the mirror, events and certificates, and logs the results.</summary>
    public void Reload() => _reloads.Run();

    /// <summary>Cuts off what <see cref="DisposeAsync"/> waits for: first the requests in flight; when these have ended, the files.</summary>
    public void CutOff() => _stop.CutOff();

    /// <summary>
    /// Stops the registry, in this order: the requests in flight end, the background work ends, the files follow the database, the storage closes. Requests
    /// and files have a time limit each.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;

        // Live activity, and streams of changes, would last as long as their clients want.
        await _core.News.DisposeAsync();
        await _core.Changes.DisposeAsync();
        if (_started)
        {
            await _kestrel.StopAsync(_stop.BeginRequests());
        }

        _memoryWatch.Dispose();
        _kestrel.Dispose();
        (Transport as IDisposable)?.Dispose();
        _bodies.Dispose();
        if (_metrics is not null)
        {
            await _metrics.DisposeAsync();
        }

        if (OperatingSystem.IsLinux() && _localServer is { } local)
        {
            await local.DisposeAsync();
        }

        await (_mirror.Pulls?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Jobs.DisposeAsync();
        _telemetry?.Dispose();
        await _background.DisposeAsync();
        try
        {
            if (_started && _storage.Health.Failure is null)
            {
                await Collector.SaveClockAsync();
            }
        }
        finally
        {
            await (_tls?.DisposeAsync() ?? ValueTask.CompletedTask);
            await _access.DisposeAsync();
            await _mirror.DisposeAsync();
            await _events.DisposeAsync();
            await _storage.FinishAsync(_stop.BeginFiles());
            await _storage.DisposeAsync();
            await _policy.DisposeAsync();
            _hostMetrics.Dispose();
            _stop.Dispose();
        }
    }

    private async Task StartAsync()
    {
        if (_storage.Files is { Tree.IsEmpty: true } files)
        {
            // Nothing to index: ready from the first request on.
            await files.Indexer.RunAsync(CancellationToken.None);
        }

        await WarmUp.RunAsync(Handle, _bodies);

        // After the warm-up, which is not a client's request and is not counted.
        _telemetry = new TelemetryExport(_options, _hostMetrics);
        if (_telemetry.HasMetrics)
        {
            var sources = new GaugeSources
            {
                Storage = _storage,
                Core = _core,
                Mirror = _mirror.Pulls,
                Events = _events.Dispatch,
                Memory = Memory,
                Buffers = Buffers,
                Connections = Connections,
                IsReadOnly = () => ReadOnly.IsOn,
                LastCollection = () => _background.LastCollection,
                HasCollectionTurn = () => _background.HasCollectionTurn,
                PasswordChecks = () => PasswordChecks,
                CertificateExpires = () => _tls?.Identity.Certificate.NotAfter,
            };
            _ = new RegistryGauges(sources, _hostMetrics.Meter);
            _hostMetrics.BeginAtZero();
        }

        if (_options.MetricsPort is not null)
        {
            _metrics = await MetricsServer.StartAsync(_options, _telemetry, _hostMetrics.Requests, _loggers, CancellationToken.None);
        }

        await _kestrel.StartAsync(_application, CancellationToken.None);
        _started = true;
        if (OperatingSystem.IsLinux() && _storage.Folder is { } folder)
        {
            var application = new HttpApplication(_local!.HandleAsync, _bodies);
            _localServer = await LocalServer.TryStartAsync(folder.Paths.Socket, _options, application, _time, _loggers);
        }

        _memoryWatch.Start();
        if (_storage.WasStoppedUncleanly)
        {
            HostLog.StoppedUncleanly(_loggers.CreateLogger<RegistryHost>());
        }

        if (_storage.Database is { } database)
        {
            await HostLog.WarnAsync(_loggers.CreateLogger<RegistryHost>(), database);
        }

        _background.Start();
        _events.Dispatch?.Start();
    }
}
