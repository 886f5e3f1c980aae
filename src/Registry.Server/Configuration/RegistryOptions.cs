using Microsoft.Extensions.Logging;
using Registry.Core.Access;
using Registry.Core.Storage;

namespace Registry.Server.Configuration;

/// <summary>
/// Everything that can be set. To add a setting: a property here with its default and the reason for it, a line in
/// <see cref="OptionsReader"/>, a row in docs/configuration.md (a test compares them).
/// </summary>
public sealed record RegistryOptions
{
    /// <summary>REGISTRY_HOST: an IP address, <c>localhost</c>, or <c>*</c>. All of IPv4 by default, as the user guide has it.</summary>
    public string Host { get; init; } = "0.0.0.0";

    /// <summary>REGISTRY_PORT: 0 to 65535; 0 lets the system choose. The default is the user guide's.</summary>
    public int Port { get; init; } = 15000;

    /// <summary>
    /// REGISTRY_HTTP2_PORT: where HTTP/2 is spoken in clear text, 0 to 65535; null for nowhere. A port of its own, since without TLS there is
    /// nothing by which a client could ask for HTTP/2 on one that speaks HTTP/1.1.
    /// </summary>
    public int? Http2Port { get; init; }

    /// <summary>REGISTRY_TRANSPORT: what moves bytes between sockets and the server. The registry's own, except where only Kestrel's works.</summary>
    public TransportKind Transport { get; init; } = OperatingSystem.IsLinux() ? TransportKind.Direct : TransportKind.Kestrel;

    /// <summary>REGISTRY_TLS_CERT: the certificate and its chain in PEM; null without TLS, which a proxy in front may do.</summary>
    public string? TlsCert { get; init; }

    /// <summary>REGISTRY_TLS_KEY: the private key of the certificate in PEM, not encrypted; null without TLS.</summary>
    public string? TlsKey { get; init; }

    /// <summary>REGISTRY_TLS_CLIENT_CA: who must have signed the certificates of clients, in PEM; null when clients need none.</summary>
    public string? TlsClientCa { get; init; }

    /// <summary>
    /// REGISTRY_TRUSTED_PROXIES: from whom forwarded headers are believed. Nobody by default, since a client can send them as well as a proxy.
    /// </summary>
    public ProxyList TrustedProxies { get; init; } = ProxyList.None;

    /// <summary>REGISTRY_CORS_ORIGINS: the web pages that may use the registry from a browser. None by default: no registry client is a page.</summary>
    public OriginList CorsOrigins { get; init; } = OriginList.None;

    /// <summary>REGISTRY_READONLY: whether the registry begins without taking changes. SIGUSR1 and SIGUSR2 switch it later.</summary>
    public bool Readonly { get; init; }

    /// <summary>REGISTRY_LOG_LEVEL: the least severe lines that are printed.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>REGISTRY_LOG_FORMAT: for people, or for programs. People read it first.</summary>
    public LogFormat LogFormat { get; init; } = LogFormat.Text;

    /// <summary>REGISTRY_ACCESS_LOG: whether every request has a line, whatever the level. Off, since a busy registry has thousands of requests a second.</summary>
    public bool AccessLog { get; init; }

    /// <summary>REGISTRY_METRICS_PORT: where <c>/metrics</c> is served, 0 to 65535; null for nowhere.</summary>
    public int? MetricsPort { get; init; }

    /// <summary>REGISTRY_METRICS_HOST: the address of <see cref="MetricsPort"/>. The loopback interface, since nobody is asked for a password there.</summary>
    public string MetricsHost { get; init; } = "127.0.0.1";

    /// <summary>OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: whether a collector is sent metrics.</summary>
    internal bool ExportsMetrics { get; init; }

    /// <summary>OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whether a collector is sent traces.</summary>
    internal bool ExportsTraces { get; init; }

    /// <summary>REGISTRY_STORAGE_PATH: the data folder, relative to the working directory.</summary>
    public string StoragePath { get; init; } = "./data";

    /// <summary>
    /// REGISTRY_IDLE_TIMEOUT: how long a client may send nothing of a body, or read nothing of an answer. A minute, as nginx has it: people stop
    /// in debuggers, and laptops sleep. More than a second, as Kestrel wants.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>REGISTRY_UPLOAD_TIMEOUT: how long an upload lives after its last byte. An hour outlasts any pause a client makes.</summary>
    public TimeSpan UploadTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>REGISTRY_UPLOAD_CLEANUP_INTERVAL: how often abandoned uploads are looked for.</summary>
    public TimeSpan UploadCleanupInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>REGISTRY_UPLOAD_MAX_SESSIONS: how many uploads may be in progress. Each costs some hundred bytes of memory, and what it has received.</summary>
    public int UploadMaxSessions { get; init; } = 10_000;

    /// <summary>REGISTRY_BLOB_MAX_SIZE, in bytes; null for any size.</summary>
    public long? BlobMaxSize { get; init; }

    /// <summary>REGISTRY_STORAGE_RESERVE: what pushes leave free on the disk, in bytes; null for a hundredth of it, at most 1 GiB.</summary>
    public long? StorageReserve { get; init; }

    /// <summary>REGISTRY_MAX_CONNECTIONS: how many connections may be open; null for as many as the limit of open files has room for.</summary>
    public long? MaxConnections { get; init; }

    /// <summary>REGISTRY_PAGINATION_DEFAULT_LIMIT: the size of a page when the client does not say.</summary>
    public int PaginationDefaultLimit { get; init; } = 100;

    /// <summary>REGISTRY_PAGINATION_MAX_LIMIT: the largest page; larger wishes are read as this.</summary>
    public int PaginationMaxLimit { get; init; } = 1000;

    /// <summary>
    /// REGISTRY_MANIFEST_REFERENCES: what must exist when a manifest is pushed. Children of an index may be missing by default, since copying
    /// one platform of many is common and clients handle it.
    /// </summary>
    public ManifestReferences ManifestReferences { get; init; } = ManifestReferences.SparseIndex;

    /// <summary>REGISTRY_MANIFEST_MAX_SIZE, in bytes: at least the 4 MiB that clients may count on (OCI distribution-spec, "Pushing Manifests").</summary>
    public long ManifestMaxSize { get; init; } = MinManifestMaxSize;

    /// <summary>
    /// REGISTRY_GC_GRACE: how long a blob that no manifest needs is kept, in the server's running time. A day covers a build that pushes its
    /// layers long before its manifest.
    /// </summary>
    public TimeSpan GcGrace { get; init; } = TimeSpan.FromDays(1);

    /// <summary>
    /// REGISTRY_VERIFY_PERIOD: how often everything that is stored is read and compared with its digest, in the server's running time; zero for
    /// never. A month is what file systems and RAID arrays are scrubbed in.
    /// </summary>
    public TimeSpan VerifyPeriod { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// REGISTRY_VERIFY_RATE, in MiB a second: the most that verification reads. The default is a tenth of what a single spinning disk gives, and
    /// takes 25 TiB a month.
    /// </summary>
    public int VerifyRate { get; init; } = 10;

    /// <summary>REGISTRY_EXTERNAL_URL: scheme and authority that clients use; null makes every Location relative.</summary>
    public string? ExternalUrl { get; init; }

    /// <summary>REGISTRY_AUTH_TYPE, and REGISTRY_AUTH_TOKEN_BUILTIN: how callers say who they are.</summary>
    public AuthenticationKind Authentication { get; init; } = AuthenticationKind.None;

    /// <summary>REGISTRY_AUTH_REALM: what a password prompt shows.</summary>
    public string AuthenticationRealm { get; init; } = "Registry";

    /// <summary>REGISTRY_AUTH_HTPASSWD: the file of users; null without users.</summary>
    public string? HtpasswdPath { get; init; }

    /// <summary>REGISTRY_AUTH_TOKEN_REALM: where clients get tokens; null for the built-in service under the address that the client uses.</summary>
    public string? TokenRealm { get; init; }

    /// <summary>REGISTRY_AUTH_TOKEN_SERVICE: whom tokens must be for. The default is for the built-in service only.</summary>
    public string TokenService { get; init; } = "registry";

    /// <summary>REGISTRY_AUTH_TOKEN_ISSUER: whom tokens must come from. The default is for the built-in service only.</summary>
    public string TokenIssuer { get; init; } = "registry";

    /// <summary>REGISTRY_AUTH_TOKEN_PUBLICKEY: the file of keys that tokens may be signed with; null for the built-in service.</summary>
    public string? TokenPublicKeyPath { get; init; }

    /// <summary>REGISTRY_ACCESS_CONTROL_ENABLED and REGISTRY_ACCESS_CONTROL_CONFIG: the file of access rules; null without access control.</summary>
    public string? AccessControlPath { get; init; }

    /// <summary>What clients may use of the storage.</summary>
    internal StorageLimits StorageLimits => new()
    {
        Reserve = StorageReserve,
        BlobMaxSize = BlobMaxSize ?? long.MaxValue,
        MaxUploads = UploadMaxSessions,
    };

    /// <summary>How long connections may take; no setting.</summary>
    internal ConnectionLimits Limits { get; init; } = new();

    internal const long MinManifestMaxSize = 4 * 1024 * 1024;
    internal const long MaxManifestMaxSize = 256 * 1024 * 1024;
}
