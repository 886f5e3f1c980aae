using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Access;
using Registry.Core.Metadata;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Server.Configuration.Values;
using Registry.Storage;
using Registry.Storage.Postgres;
using Registry.Storage.S3;

namespace Registry.Server.Configuration;

/// <summary>
/// Settings of the registry. To add a setting, add a property here with its default and the reason for it, a line in
/// <see cref="OptionsReader"/>, its name in <see cref="VariableNames.All"/>, and a row in docs/configuration.md (a test compares them).
/// </summary>
public sealed record RegistryOptions
{
    /// <summary>REGISTRY_HOST: an IP address, <c>localhost</c>, or <c>*</c>. The default, all of IPv4, is the user guide's.</summary>
    public string Host { get; init; } = "0.0.0.0";

    /// <summary>REGISTRY_PORT: 0 to 65535; 0 lets the system choose. The default is the user guide's.</summary>
    public int Port { get; init; } = 15000;

    /// <summary>
    /// REGISTRY_HTTP2_PORT: port for HTTP/2 in clear text, 0 to 65535; null for none. The port is separate, since without TLS a client cannot
    /// negotiate HTTP/2 on a port that serves HTTP/1.1.
    /// </summary>
    public int? Http2Port { get; init; }

    /// <summary>
    /// REGISTRY_TRANSPORT: layer that moves bytes between sockets and the server. The default is the registry's own on Linux, and Kestrel's
    /// elsewhere.
    /// </summary>
    public TransportKind Transport { get; init; } = OperatingSystem.IsLinux() ? TransportKind.Direct : TransportKind.Kestrel;

    /// <summary>REGISTRY_TLS_CERT: file of the certificate and its chain in PEM; null without TLS, which a proxy in front may provide.</summary>
    public string? TlsCert { get; init; }

    /// <summary>REGISTRY_TLS_KEY: file of the certificate's private key in PEM, not encrypted; null without TLS.</summary>
    public string? TlsKey { get; init; }

    /// <summary>REGISTRY_TLS_CLIENT_CA: CA bundle for client certificates, in PEM; null when clients need no certificate.</summary>
    public string? TlsClientCa { get; init; }

    /// <summary>
    /// REGISTRY_TRUSTED_PROXIES: proxies whose forwarded headers are trusted. None by default, since any client can send these headers.
    /// </summary>
    public ProxyList TrustedProxies { get; init; } = ProxyList.None;

    /// <summary>REGISTRY_CORS_ORIGINS: origins whose web pages may use the registry from a browser. None by default: registry clients are not web pages.</summary>
    public OriginList CorsOrigins { get; init; } = OriginList.None;

    /// <summary>REGISTRY_READONLY: true to refuse changes from the start. SIGUSR1 and SIGUSR2 switch the mode later.</summary>
    public bool Readonly { get; init; }

    /// <summary>REGISTRY_LOG_LEVEL: least severe level that is logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>REGISTRY_LOG_FORMAT: text for people, or JSON for programs. Text by default: an operator reads the first log.</summary>
    public LogFormat LogFormat { get; init; } = LogFormat.Text;

    /// <summary>REGISTRY_ACCESS_LOG: true to log every request, at any level. Off by default, since a busy registry has thousands of requests a second.</summary>
    public bool AccessLog { get; init; }

    /// <summary>REGISTRY_METRICS_PORT: port of <c>/metrics</c>, 0 to 65535; null for none.</summary>
    public int? MetricsPort { get; init; }

    /// <summary>REGISTRY_METRICS_HOST: the address of <see cref="MetricsPort"/>. The default is the loopback interface, since metrics need no password.</summary>
    public string MetricsHost { get; init; } = "127.0.0.1";

    /// <summary>OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: true when metrics are sent to a collector.</summary>
    internal bool ExportsMetrics { get; init; }

    /// <summary>OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: true when traces are sent to a collector.</summary>
    internal bool ExportsTraces { get; init; }

    /// <summary>REGISTRY_STORAGE_PATH: the data folder, relative to the working directory.</summary>
    public string StoragePath { get; init; } = "./data";

    /// <summary>REGISTRY_BLOBS and REGISTRY_S3_…: bucket of the blobs; null for files of the data folder, which need no other service.</summary>
    public S3Settings? Bucket { get; init; }

    /// <summary>REGISTRY_METADATA and REGISTRY_POSTGRES…: database of the metadata; null for SQLite in the data folder, which needs no other service.</summary>
    public PostgresSettings? Database { get; init; }

    /// <summary>
    /// REGISTRY_IDLE_TIMEOUT: time for which a client may send nothing of a body, or read nothing of a response. The default of a minute is
    /// nginx's; it covers a client that is suspended or stopped in a debugger. Kestrel requires more than a second.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>REGISTRY_UPLOAD_TIMEOUT: time after its last byte at which an upload expires. An hour is longer than any pause of a client.</summary>
    public TimeSpan UploadTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>REGISTRY_UPLOAD_CLEANUP_INTERVAL: interval at which expired uploads are removed.</summary>
    public TimeSpan UploadCleanupInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// REGISTRY_UPLOAD_MAX_SESSIONS: largest number of uploads in progress. Each takes some hundred bytes of memory, and disk space for the
    /// received bytes.
    /// </summary>
    public int UploadMaxSessions { get; init; } = 10_000;

    /// <summary>REGISTRY_BLOB_MAX_SIZE: size of the largest blob, in bytes; null for no limit.</summary>
    public long? BlobMaxSize { get; init; }

    /// <summary>REGISTRY_STORAGE_RESERVE: space that pushes leave free on the disk, in bytes; null for 1 % of the disk, at most 1 GiB.</summary>
    public long? StorageReserve { get; init; }

    /// <summary>REGISTRY_MAX_CONNECTIONS: largest number of open connections; null for as many as take half of the heap (<see cref="Transport.ConnectionLimit.Default"/>).</summary>
    public long? MaxConnections { get; init; }

    /// <summary>
    /// REGISTRY_REQUEST_MEMORY: memory that requests may hold together, in bytes; null for a quarter of the heap
    /// (<see cref="Memory.RequestMemory.Default"/>).
    /// </summary>
    public long? RequestMemory { get; init; }

    /// <summary>REGISTRY_PAGINATION_DEFAULT_LIMIT: size of a page when the client requests none.</summary>
    public int PaginationDefaultLimit { get; init; } = 100;

    /// <summary>REGISTRY_PAGINATION_MAX_LIMIT: size of the largest page. Requests for more get this size.</summary>
    public int PaginationMaxLimit { get; init; } = 1000;

    /// <summary>
    /// REGISTRY_MANIFEST_REFERENCES: references that must exist when a manifest is pushed. Children of an index may be missing by default:
    /// copying one platform of many is common, and clients handle it.
    /// </summary>
    public ManifestReferences ManifestReferences { get; init; } = ManifestReferences.SparseIndex;

    /// <summary>
    /// REGISTRY_MANIFEST_MAX_SIZE: size of the largest manifest, in bytes. At least the 4 MiB that clients may rely on (OCI distribution-spec,
    /// "Pushing Manifests").
    /// </summary>
    public long ManifestMaxSize { get; init; } = MinManifestMaxSize;

    /// <summary>
    /// REGISTRY_MANIFEST_MAX_DESCRIPTORS: largest number of layers, or of children of an index. Each takes about 5 µs of the one writer of the
    /// metadata. Container engines mount up to 127 layers, and other registries accept 500 (Amazon ECR); artifacts with a layer for each file have
    /// some thousand.
    /// </summary>
    public int ManifestMaxDescriptors { get; init; } = 10_000;

    /// <summary>
    /// REGISTRY_GC_GRACE: running time for which a blob is kept that no manifest needs. A day covers a build that pushes its layers long
    /// before its manifest.
    /// </summary>
    public TimeSpan GcGrace { get; init; } = TimeSpan.FromDays(1);

    /// <summary>
    /// REGISTRY_TRASH: running time for which deleted manifests stay in the trash; zero for no trash. A week covers a deletion before a weekend that
    /// is noticed after it.
    /// </summary>
    public TimeSpan Trash { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// REGISTRY_SPACE_PERIOD: running time from one computation of space to the next; zero for computations only when they are asked for. In an hour, what a round costs does
    /// not count: some seconds of a processor for a million manifests.
    /// </summary>
    public TimeSpan SpacePeriod { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// REGISTRY_VERIFY_PERIOD: running time within which all stored content is read and compared with its digest; zero to turn this off. A
    /// month is also the usual period for scrubbing file systems and RAID arrays.
    /// </summary>
    public TimeSpan VerifyPeriod { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// REGISTRY_VERIFY_RATE: highest read rate of verification, in MiB a second. The default is a tenth of the rate of a single spinning disk,
    /// and covers 25 TiB a month.
    /// </summary>
    public int VerifyRate { get; init; } = 10;

    /// <summary>REGISTRY_EXTERNAL_URL: scheme and authority that clients use; null for relative Locations.</summary>
    public string? ExternalUrl { get; init; }

    /// <summary>REGISTRY_UI: true for the web interface on the port of the registry. On by default: it shows nothing that the same caller could not pull.</summary>
    public bool Ui { get; init; } = true;

    /// <summary>REGISTRY_UI_TITLE: name of the registry on its pages.</summary>
    public string UiTitle { get; init; } = "Registry";

    /// <summary>REGISTRY_AUTH_TYPE and REGISTRY_AUTH_TOKEN_BUILTIN: kind of authentication.</summary>
    public AuthenticationKind Authentication { get; init; } = AuthenticationKind.None;

    /// <summary>REGISTRY_AUTH_REALM: realm name that a password prompt shows.</summary>
    public string AuthenticationRealm { get; init; } = "Registry";

    /// <summary>REGISTRY_AUTH_HTPASSWD: path of the file of users; null without users.</summary>
    public string? HtpasswdPath { get; init; }

    /// <summary>REGISTRY_AUTH_TOKEN_REALM: URL of the token service; null for the built-in service at the address that the client uses.</summary>
    public string? TokenRealm { get; init; }

    /// <summary>REGISTRY_AUTH_TOKEN_SERVICE: audience that tokens must have. The default is for the built-in service only.</summary>
    public string TokenService { get; init; } = "registry";

    /// <summary>REGISTRY_AUTH_TOKEN_ISSUER: issuer that tokens must have. The default is for the built-in service only.</summary>
    public string TokenIssuer { get; init; } = "registry";

    /// <summary>REGISTRY_AUTH_TOKEN_PUBLICKEY: path of the file of public keys that verify tokens; null for the built-in service.</summary>
    public string? TokenPublicKeyPath { get; init; }

    /// <summary>REGISTRY_ACCESS_CONTROL_ENABLED and REGISTRY_ACCESS_CONTROL_CONFIG: path of the file of access rules; null without access control.</summary>
    public string? AccessControlPath { get; init; }

    /// <summary>REGISTRY_EVENTS_CONFIG: path of the file of the events; null to send none.</summary>
    public string? EventsConfig { get; init; }

    /// <summary>REGISTRY_MIRROR_CONFIG: path of the file of the mirror; null to mirror nothing.</summary>
    public string? MirrorConfig { get; init; }

    /// <summary>REGISTRY_POLICY_CONFIG: path of the file of rules about repositories; null without rules.</summary>
    public string? PolicyConfig { get; init; }

    /// <summary>
    /// REGISTRY_MIRROR_SPOOL: folder for copies of what the mirror fetches into a bucket, while it is fetched; null for that of the system for temporary files. Files of the data folder need no copy.
    /// </summary>
    public string? MirrorSpool { get; init; }

    /// <summary>Engines of the storage.</summary>
    internal StorageChoice Storage => new(Path.GetFullPath(StoragePath)) { Bucket = Bucket, Database = Database, IsMigrating = IsMigrating, SpoolFolder = MirrorSpool ?? Path.GetTempPath() };

    /// <inheritdoc cref="StorageChoice.IsMigrating"/>
    internal bool IsMigrating { get; init; }

    /// <summary>Limits for clients on the use of the storage.</summary>
    internal StorageLimits StorageLimits => new()
    {
        Reserve = StorageReserve,
        BlobMaxSize = Math.Min(BlobMaxSize ?? long.MaxValue, Bucket?.LargestBlob ?? long.MaxValue),
        MaxUploads = UploadMaxSessions,
        ManifestMaxDescriptors = ManifestMaxDescriptors,
    };

    /// <summary>Settings of the core.</summary>
    internal CoreSettings CoreSettings => new()
    {
        Limits = StorageLimits,
        References = ManifestReferences,
        DefaultPageSize = PaginationDefaultLimit,
        MaxPageSize = PaginationMaxLimit,
        UploadTimeout = UploadTimeout,
        Grace = GcGrace,
        Trash = Trash,
        SpacePeriod = SpacePeriod,
        VerifyPeriod = VerifyPeriod,
        VerifyBytesPerSecond = VerifyRate * 1024L * 1024,
    };

    /// <summary>Rules about changes instead of those of <see cref="PolicyConfig"/>, for requests and commands alike; null for these.</summary>
    internal IChangeRules? ChangeRules { get; init; }

    /// <summary>Time limits of connections; not settings.</summary>
    internal ConnectionTimes Limits { get; init; } = new();

    internal const long MinManifestMaxSize = 4 * 1024 * 1024;
    internal const long MaxManifestMaxSize = 256 * 1024 * 1024;
}
