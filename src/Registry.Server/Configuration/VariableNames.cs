namespace Registry.Server.Configuration;

/// <summary>Names of all settings, and messages for unknown variables.</summary>
internal static class VariableNames
{
    public const string Prefix = "REGISTRY_";

    /// <summary>Name of the variable for the settings file.</summary>
    public const string File = "REGISTRY_CONFIG";

    /// <summary>Variables of the user guide's authentication chapter.</summary>
    public static readonly IReadOnlyList<string> Authentication =
    [
        "REGISTRY_AUTH_TYPE", "REGISTRY_AUTH_REALM", "REGISTRY_AUTH_HTPASSWD", "REGISTRY_AUTH_TOKEN_REALM", "REGISTRY_AUTH_TOKEN_SERVICE",
        "REGISTRY_AUTH_TOKEN_ISSUER", "REGISTRY_AUTH_TOKEN_PUBLICKEY", "REGISTRY_AUTH_TOKEN_BUILTIN",
    ];

    /// <summary>Variables of the bucket.</summary>
    public static readonly IReadOnlyList<string> Bucket =
    [
        "REGISTRY_S3_ENDPOINT", "REGISTRY_S3_REGION", "REGISTRY_S3_BUCKET", "REGISTRY_S3_PREFIX", "REGISTRY_S3_PATH_STYLE", "REGISTRY_S3_ACCESS_KEY",
        "REGISTRY_S3_ACCESS_KEY_FILE", "REGISTRY_S3_SECRET_KEY", "REGISTRY_S3_SECRET_KEY_FILE", "REGISTRY_S3_CA", "REGISTRY_S3_REDIRECT",
        "REGISTRY_S3_PUBLIC_ENDPOINT", "REGISTRY_S3_UPLOAD_MEMORY", "REGISTRY_S3_DELETE_AFTER",
    ];

    /// <summary>Name of the variable for the connection to the database, which may hold a password.</summary>
    public const string Connection = "REGISTRY_POSTGRES";

    /// <summary>Variables of the database.</summary>
    public static readonly IReadOnlyList<string> Database = [Connection, "REGISTRY_POSTGRES_FILE", "REGISTRY_POSTGRES_POOL_SIZE"];

    /// <summary>All variables.</summary>
    public static readonly IReadOnlyList<string> All =
    [
        "REGISTRY_HOST", "REGISTRY_PORT", "REGISTRY_HTTP2_PORT", "REGISTRY_TRANSPORT", "REGISTRY_TLS_CERT", "REGISTRY_TLS_KEY",
        "REGISTRY_TLS_CLIENT_CA", "REGISTRY_TRUSTED_PROXIES", "REGISTRY_CORS_ORIGINS", "REGISTRY_READONLY", "REGISTRY_LOG_LEVEL",
        "REGISTRY_LOG_FORMAT", "REGISTRY_ACCESS_LOG", "REGISTRY_METRICS_PORT", "REGISTRY_METRICS_HOST", "REGISTRY_STORAGE_PATH",
        "REGISTRY_UPLOAD_TIMEOUT",
        "REGISTRY_UPLOAD_CLEANUP_INTERVAL", "REGISTRY_PAGINATION_DEFAULT_LIMIT", "REGISTRY_PAGINATION_MAX_LIMIT",
        "REGISTRY_MANIFEST_REFERENCES", "REGISTRY_MANIFEST_MAX_SIZE", "REGISTRY_MANIFEST_MAX_DESCRIPTORS", "REGISTRY_GC_GRACE", "REGISTRY_TRASH", "REGISTRY_SPACE_PERIOD", "REGISTRY_VERIFY_PERIOD",
        "REGISTRY_VERIFY_RATE", "REGISTRY_EXTERNAL_URL", "REGISTRY_UPLOAD_MAX_SESSIONS", "REGISTRY_BLOB_MAX_SIZE", "REGISTRY_STORAGE_RESERVE",
        "REGISTRY_MAX_CONNECTIONS", "REGISTRY_REQUEST_MEMORY", "REGISTRY_IDLE_TIMEOUT",
        "REGISTRY_UI", "REGISTRY_UI_TITLE",
        "REGISTRY_METADATA", .. Database, "REGISTRY_BLOBS", .. Bucket,
        .. Authentication, "REGISTRY_ACCESS_CONTROL_ENABLED", "REGISTRY_ACCESS_CONTROL_CONFIG", PolicyFile.Setting, "REGISTRY_EVENTS_CONFIG", "REGISTRY_MIRROR_CONFIG", "REGISTRY_MIRROR_SPOOL",
        File,
    ];

    /// <summary>Switches (on or off), whose option needs no value.</summary>
    public static readonly IReadOnlyList<string> Switches =
    [
        "REGISTRY_READONLY", "REGISTRY_ACCESS_LOG", "REGISTRY_AUTH_TOKEN_BUILTIN", "REGISTRY_ACCESS_CONTROL_ENABLED", "REGISTRY_S3_PATH_STYLE",
        "REGISTRY_S3_REDIRECT", "REGISTRY_UI",
    ];

    /// <summary>End of the name of a setting that has the path of a file with the value.</summary>
    public const string FileSuffix = "_FILE";

    // The value of a setting whose name contains one of these is never printed, including settings added later.
    private static readonly string[] Secrets = ["SECRET", "PASSWORD", "PASSPHRASE", "CREDENTIAL", "ACCESS_KEY", "API_KEY"];

    // Variables of CNCF distribution that are common in compose files, and their equivalents here.
    private static readonly Dictionary<string, string> OfDistribution = new(StringComparer.Ordinal)
    {
        ["REGISTRY_HTTP_ADDR"] = "REGISTRY_HOST and REGISTRY_PORT",
        ["REGISTRY_HTTP_HOST"] = "REGISTRY_EXTERNAL_URL",
        ["REGISTRY_LOG_ACCESSLOG_DISABLED"] = "REGISTRY_ACCESS_LOG",
        ["REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY"] = "REGISTRY_STORAGE_PATH (with /docker/registry/v2 added)",
        ["REGISTRY_STORAGE_MAINTENANCE_READONLY"] = "REGISTRY_READONLY",
        ["REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED"] = "REGISTRY_READONLY",
        ["REGISTRY_STORAGE_DELETE_ENABLED"] = "none: deleting is always possible",
    };

    // These variables request protection; refusing to start is better than serving without it.
    private static readonly string[] ProtectionOfDistribution = ["AUTH_", "HTTP_TLS_"];

    private static readonly string[] DistributionSections =
        [
            "HTTP_", "STORAGE_", "LOG_", "REDIS_", "PROXY_", "NOTIFICATIONS_", "HEALTH_", "VALIDATION_", "CATALOG_", "COMPATIBILITY_",
            "MIDDLEWARE_", "POLICY_",
        ];

    /// <summary>Reports every variable that begins with <c>REGISTRY_</c> and is not a setting.</summary>
    public static void Check(IReadOnlyDictionary<string, string> environment, List<string> faults, List<string> warnings)
    {
        foreach (var (name, value) in environment.Where(variable => variable.Key.StartsWith(Prefix, StringComparison.Ordinal))
            .OrderBy(variable => variable.Key, StringComparer.Ordinal))
        {
            if (IsFromKubernetes(name, value))
            {
                warnings.Add($"{name} is ignored: Kubernetes sets it for a Service called 'registry'; enableServiceLinks: false avoids it");
            }
            else if (All.Contains(name))
            {
                continue;
            }
            else if (OfDistribution.TryGetValue(name, out var ours))
            {
                warnings.Add($"{name} is ignored: it is a setting of CNCF distribution; its equivalent here is {ours}");
            }
            else if (Spelling.Nearest(name.ToUpperInvariant(), All) is { } nearest)
            {
                faults.Add($"{name} is not a setting; did you mean {nearest}?");
            }
            else if (ProtectionOfDistribution.Any(section => name.AsSpan(Prefix.Length).StartsWith(section, StringComparison.Ordinal)))
            {
                faults.Add($"{name} is a security setting of CNCF distribution and has no effect here; see docs/configuration.md for its replacement");
            }
            else if (DistributionSections.Any(section => name.AsSpan(Prefix.Length).StartsWith(section, StringComparison.Ordinal)))
            {
                warnings.Add($"{name} is ignored: it is a setting of CNCF distribution; see docs/configuration.md for the settings here");
            }
            else
            {
                faults.Add($"{name} is not a setting; docs/configuration.md lists them");
            }
        }
    }

    /// <summary>True when the name of a setting tells that its value must never be printed. The path of a file that holds a secret is none.</summary>
    public static bool IsSecret(string name) => name == Connection
        || (!name.EndsWith(FileSuffix, StringComparison.Ordinal) && Secrets.Any(word => name.Contains(word, StringComparison.Ordinal)));

    /// <summary>
    /// True for variables that Kubernetes injects for a Service called "registry", such as <c>REGISTRY_PORT=tcp://…</c>,
    /// <c>REGISTRY_SERVICE_HOST</c> and <c>REGISTRY_PORT_5000_TCP_ADDR</c>.
    /// </summary>
    public static bool IsFromKubernetes(string name, string value) =>
        (name == "REGISTRY_PORT" && value.Contains("://", StringComparison.Ordinal))
        || name.StartsWith("REGISTRY_SERVICE_", StringComparison.Ordinal)
        || (name.StartsWith("REGISTRY_PORT_", StringComparison.Ordinal) && char.IsAsciiDigit(name["REGISTRY_PORT_".Length..].FirstOrDefault()));
}
