using System.Diagnostics.CodeAnalysis;
using Registry.Core.Access;
using Registry.Core.Configuration;
using Registry.Server.Configuration.Values;

namespace Registry.Server.Configuration;

/// <summary>Reads the settings from all sources and reports all faults at once.</summary>
public sealed class OptionsReader
{
    // Fits beside the navigation.
    private const int MaxTitle = 60;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly SettingKind<long> PageSize = SettingKinds.Number(1, 100_000);
    private static readonly SettingKind<string> Printable =
        SettingKinds.Text("printable ASCII, because HTTP headers carry it", text => text.All(c => c is >= ' ' and <= '~'));

    private static readonly SettingKind<string> ExternalUrl = new(
        "http:// or https:// with a host, and no path, for example https://registry.example.com", TryParseExternalUrl);

    private static readonly SettingKind<string> Title = SettingKinds.Text(
        $"text of at most {MaxTitle} characters without control characters", text => text.Length <= MaxTitle && !text.Any(char.IsControl));

    private readonly SettingSources _sources;
    private readonly List<string> _faults = [];
    private readonly Dictionary<string, string> _written = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SettingDescription> _descriptions = new(StringComparer.Ordinal);

    private OptionsReader(SettingSources sources) => _sources = sources;

    /// <summary>Reads all variables that begin with <c>REGISTRY_</c>. An empty value counts as unset.</summary>
    public static LoadedOptions Read(IReadOnlyDictionary<string, string> environment) =>
        Read(new SettingSources(new Dictionary<string, string>(), environment));

    /// <summary>Reads the settings from their sources.</summary>
    public static LoadedOptions Read(SettingSources sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        var reader = new OptionsReader(sources);
        reader._faults.AddRange(sources.FileFaults);
        reader._descriptions[VariableNames.File] = new SettingDescription(null, "a JSON file with settings under these names", []);
        var bucket = new BucketReader(reader, reader._faults).Read();
        var database = new DatabaseReader(reader, reader._faults).Read(hasBucket: bucket is not null);
        var options = reader.ReadTls(reader.ReadAccess(reader.ReadOptions())) with { Bucket = bucket, Database = database };
        var warnings = new List<string>();
        VariableNames.Check(sources.Environment, reader._faults, warnings);
        return new LoadedOptions(options, reader._faults, warnings)
        {
            Settings = [.. VariableNames.All.Select(reader.Effective)],
            Descriptions = reader._descriptions,
        };
    }

    /// <summary>Reads only the format of the log. Faults of other settings do not matter; a faulty format is read as text.</summary>
    public static LogFormat ReadLogFormat(SettingSources sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        return sources.Find("REGISTRY_LOG_FORMAT") is { } value && SettingKinds.LogFormat.TryParse(value.Text, out var format) ? format : LogFormat.Text;
    }

    private RegistryOptions ReadOptions()
    {
        var defaults = new RegistryOptions();
        var options = new RegistryOptions
        {
            Host = Read("REGISTRY_HOST", SettingKinds.Host, defaults.Host),
            Port = (int)Read("REGISTRY_PORT", SettingKinds.Port, defaults.Port),
            Http2Port = (int?)ReadOptional("REGISTRY_HTTP2_PORT", SettingKinds.Port),
            Transport = Read("REGISTRY_TRANSPORT", SettingKinds.Transport, defaults.Transport),
            TrustedProxies = Read("REGISTRY_TRUSTED_PROXIES", SettingKinds.Proxies, defaults.TrustedProxies),
            CorsOrigins = Read("REGISTRY_CORS_ORIGINS", SettingKinds.Origins, defaults.CorsOrigins),
            Readonly = Read("REGISTRY_READONLY", SettingKinds.Switch, defaults.Readonly),
            LogLevel = Read("REGISTRY_LOG_LEVEL", SettingKinds.LogLevel, defaults.LogLevel),
            LogFormat = Read("REGISTRY_LOG_FORMAT", SettingKinds.LogFormat, defaults.LogFormat),
            AccessLog = Read("REGISTRY_ACCESS_LOG", SettingKinds.Switch, defaults.AccessLog),
            MetricsPort = (int?)ReadOptional("REGISTRY_METRICS_PORT", SettingKinds.Port),
            MetricsHost = Read("REGISTRY_METRICS_HOST", SettingKinds.Host, defaults.MetricsHost),
            ExportsMetrics = IsExported("METRICS"),
            ExportsTraces = IsExported("TRACES"),
            StoragePath = Read("REGISTRY_STORAGE_PATH", SettingKinds.Text("a folder", _ => true), defaults.StoragePath),
            IdleTimeout = Read("REGISTRY_IDLE_TIMEOUT", SettingKinds.Time(TimeSpan.FromSeconds(5)), defaults.IdleTimeout),
            UploadTimeout = Read("REGISTRY_UPLOAD_TIMEOUT", SettingKinds.Time(Second), defaults.UploadTimeout),
            UploadCleanupInterval = Read("REGISTRY_UPLOAD_CLEANUP_INTERVAL", SettingKinds.Time(Second), defaults.UploadCleanupInterval),
            UploadMaxSessions = (int)Read("REGISTRY_UPLOAD_MAX_SESSIONS", SettingKinds.Number(1, 1_000_000), defaults.UploadMaxSessions),
            BlobMaxSize = ReadOptional("REGISTRY_BLOB_MAX_SIZE", SettingKinds.Size(1)),
            StorageReserve = ReadOptional("REGISTRY_STORAGE_RESERVE", SettingKinds.Size(0)),
            RequestMemory = ReadOptional("REGISTRY_REQUEST_MEMORY", SettingKinds.Size(Memory.RequestMemory.LeastDefault)),
            MaxConnections = ReadOptional("REGISTRY_MAX_CONNECTIONS", SettingKinds.Number(1)),
            PaginationDefaultLimit = (int)Read("REGISTRY_PAGINATION_DEFAULT_LIMIT", PageSize, defaults.PaginationDefaultLimit),
            PaginationMaxLimit = (int)Read("REGISTRY_PAGINATION_MAX_LIMIT", PageSize, defaults.PaginationMaxLimit),
            ManifestReferences = Read("REGISTRY_MANIFEST_REFERENCES", SettingKinds.References, defaults.ManifestReferences),
            ManifestMaxSize = Read(
                "REGISTRY_MANIFEST_MAX_SIZE",
                SettingKinds.Size(RegistryOptions.MinManifestMaxSize, RegistryOptions.MaxManifestMaxSize),
                defaults.ManifestMaxSize),
            ManifestMaxDescriptors = (int)Read("REGISTRY_MANIFEST_MAX_DESCRIPTORS", SettingKinds.Number(1000, 1_000_000), defaults.ManifestMaxDescriptors),
            GcGrace = Read("REGISTRY_GC_GRACE", SettingKinds.Time(Second), defaults.GcGrace),
            Trash = Read("REGISTRY_TRASH", SettingKinds.Time(TimeSpan.Zero), defaults.Trash),
            SpacePeriod = Read("REGISTRY_SPACE_PERIOD", SettingKinds.Time(TimeSpan.Zero), defaults.SpacePeriod),
            VerifyPeriod = Read("REGISTRY_VERIFY_PERIOD", SettingKinds.Time(TimeSpan.Zero), defaults.VerifyPeriod),
            VerifyRate = (int)Read("REGISTRY_VERIFY_RATE", SettingKinds.MegabytesPerSecond, defaults.VerifyRate),
            ExternalUrl = ReadOptionalText("REGISTRY_EXTERNAL_URL", ExternalUrl),
            PolicyConfig = ReadPath(PolicyFile.Setting, "a JSON file with rules about repositories"),
            EventsConfig = ReadPath("REGISTRY_EVENTS_CONFIG", "a JSON file with the endpoints to which events are sent"),
            MirrorConfig = ReadPath("REGISTRY_MIRROR_CONFIG", "a JSON file with the registries that are mirrored"),
            MirrorSpool = ReadPath("REGISTRY_MIRROR_SPOOL", "a folder for copies of what the mirror fetches into a bucket"),
            Ui = Read("REGISTRY_UI", SettingKinds.Switch, defaults.Ui),
            UiTitle = Read("REGISTRY_UI_TITLE", Title, defaults.UiTitle),
        };
        if (options.MetricsPort is null && Value("REGISTRY_METRICS_HOST") is not null and not "127.0.0.1")
        {
            _faults.Add("REGISTRY_METRICS_HOST is set, but REGISTRY_METRICS_PORT is not; set the port as well, or unset the host");
        }

        if (options.Http2Port is > 0 and var http2Port && http2Port == options.Port)
        {
            _faults.Add($"REGISTRY_HTTP2_PORT and REGISTRY_PORT are both {http2Port}; HTTP/2 in clear text needs a separate port");
        }

        if (options.RequestMemory is { } memory && memory < Memory.RequestMemory.ManifestsThatFit * options.ManifestMaxSize && _faults.Count == 0)
        {
            _faults.Add(
                $"REGISTRY_REQUEST_MEMORY is {ByteSize.Write(memory)}; at least {Memory.RequestMemory.ManifestsThatFit} times REGISTRY_MANIFEST_MAX_SIZE ({ByteSize.Write(options.ManifestMaxSize)}) is needed");
        }

        if (options.PaginationDefaultLimit > options.PaginationMaxLimit && _faults.Count == 0)
        {
            _faults.Add(
                $"REGISTRY_PAGINATION_DEFAULT_LIMIT is {options.PaginationDefaultLimit}; at most REGISTRY_PAGINATION_MAX_LIMIT ({options.PaginationMaxLimit}) is allowed");
        }

        return options;
    }

    private RegistryOptions ReadAccess(RegistryOptions options)
    {
        var type = Read("REGISTRY_AUTH_TYPE", SettingKinds.Choice([("none", "none"), ("basic", "basic"), ("token", "token")]), "none");
        var isBuiltIn = Read("REGISTRY_AUTH_TOKEN_BUILTIN", SettingKinds.Switch, false);
        var kind = (type, isBuiltIn) switch
        {
            ("basic", _) => AuthenticationKind.Basic,
            ("token", true) => AuthenticationKind.BuiltInToken,
            ("token", false) => AuthenticationKind.Token,
            _ => AuthenticationKind.None,
        };
        if (isBuiltIn && type != "token")
        {
            _faults.Add($"REGISTRY_AUTH_TOKEN_BUILTIN is true, but REGISTRY_AUTH_TYPE is {type}; the built-in service needs REGISTRY_AUTH_TYPE=token");
        }

        CheckNeeds(kind);
        var isControlled = Read("REGISTRY_ACCESS_CONTROL_ENABLED", SettingKinds.Switch, false);
        var rules = ReadPath("REGISTRY_ACCESS_CONTROL_CONFIG", "a JSON file with the access rules");
        if (isControlled != rules is not null)
        {
            _faults.Add(isControlled
                ? "REGISTRY_ACCESS_CONTROL_CONFIG is missing; REGISTRY_ACCESS_CONTROL_ENABLED needs the path of the rules"
                : "REGISTRY_ACCESS_CONTROL_CONFIG is set, but REGISTRY_ACCESS_CONTROL_ENABLED is not true; the rules would not be applied");
        }

        return options with
        {
            Authentication = kind,
            AuthenticationRealm = Read("REGISTRY_AUTH_REALM", Printable, options.AuthenticationRealm),
            HtpasswdPath = ReadPath("REGISTRY_AUTH_HTPASSWD", "an htpasswd file with the users, which 'registry user add' writes"),
            TokenRealm = ReadOptionalText("REGISTRY_AUTH_TOKEN_REALM", SettingKinds.Text("an http:// or https:// URL in ASCII", IsRealm)),
            TokenService = Read("REGISTRY_AUTH_TOKEN_SERVICE", Printable, options.TokenService),
            TokenIssuer = Read("REGISTRY_AUTH_TOKEN_ISSUER", SettingKinds.Text("text", _ => true), options.TokenIssuer),
            TokenPublicKeyPath = ReadPath("REGISTRY_AUTH_TOKEN_PUBLICKEY", "a file with the public keys of the token service, in PEM or as a JWK set"),
            AccessControlPath = isControlled ? rules : null,
        };
    }

    // Setting only a part of TLS is a fault: serving in clear text is never what the operator wants then.
    private RegistryOptions ReadTls(RegistryOptions options)
    {
        var certificate = ReadPath("REGISTRY_TLS_CERT", "a PEM file with the certificate of the server and its intermediates");
        var key = ReadPath("REGISTRY_TLS_KEY", "a PEM file with the private key of the certificate");
        var clientCa = ReadPath("REGISTRY_TLS_CLIENT_CA", "a PEM file with the CA bundle for client certificates");
        if (certificate is null && key is not null)
        {
            _faults.Add("REGISTRY_TLS_CERT is missing; REGISTRY_TLS_KEY is set, and TLS needs both");
        }
        else if (certificate is not null && key is null)
        {
            _faults.Add("REGISTRY_TLS_KEY is missing; REGISTRY_TLS_CERT is set, and TLS needs both");
        }
        else if (certificate is null && clientCa is not null)
        {
            _faults.Add("REGISTRY_TLS_CERT and REGISTRY_TLS_KEY are missing; REGISTRY_TLS_CLIENT_CA is set, and client certificates need TLS");
        }

        if (certificate is not null && options.Http2Port is not null)
        {
            _faults.Add("REGISTRY_HTTP2_PORT and REGISTRY_TLS_CERT are both set; with TLS, REGISTRY_PORT serves HTTP/2, and nothing is served in clear text. Unset one of them");
        }

        return options with { TlsCert = certificate, TlsKey = key, TlsClientCa = clientCa };
    }

    // The settings that a kind needs must be set, and those that it would ignore must not: a registry that is configured to require
    // passwords never starts without requiring them.
    private void CheckNeeds(AuthenticationKind kind)
    {
        string[] users = ["REGISTRY_AUTH_HTPASSWD"];
        string[] external =
            ["REGISTRY_AUTH_TOKEN_REALM", "REGISTRY_AUTH_TOKEN_SERVICE", "REGISTRY_AUTH_TOKEN_ISSUER", "REGISTRY_AUTH_TOKEN_PUBLICKEY"];
        var (needed, ignored, what) = kind switch
        {
            AuthenticationKind.Basic => (users, external, "REGISTRY_AUTH_TYPE=basic"),
            AuthenticationKind.Token => (external, users, "REGISTRY_AUTH_TYPE=token"),
            AuthenticationKind.BuiltInToken => (users, external[3..], "REGISTRY_AUTH_TOKEN_BUILTIN=true"),
            _ => ([], [.. users, .. external], "REGISTRY_AUTH_TYPE=none"),
        };
        _faults.AddRange(needed.Where(name => Value(name) is null).Select(name => $"{name} is missing; {what} needs it"));
        _faults.AddRange(ignored.Where(name => Value(name) is not null).Select(name => $"{name} is set, but {what} does not use it; unset one of them"));
    }

    /// <summary>Text of a setting; null if it is not set.</summary>
    internal string? Value(string name) => _sources.Find(name)?.Text;

    /// <summary>Reads a setting with a default.</summary>
    internal T Read<T>(string name, SettingKind<T> kind, T defaultValue)
        where T : notnull
    {
        Describe(name, kind, kind.Write is { } write ? write(defaultValue) : defaultValue as string);
        return TryRead(name, kind, out var value) ? value : defaultValue;
    }

    /// <summary>Reads a setting without a default; null if it is not set, or faulty.</summary>
    internal T? ReadOptional<T>(string name, SettingKind<T> kind)
        where T : struct
    {
        Describe(name, kind, null);
        return TryRead(name, kind, out var value) ? value : null;
    }

    /// <summary>Reads a text; null if it is not set, or faulty.</summary>
    internal string? ReadOptionalText(string name, SettingKind<string> kind)
    {
        Describe(name, kind, null);
        return TryRead(name, kind, out var value) ? value : null;
    }

    /// <summary>Reads the path of a file; null if it is not set. Whether the file can be used is found when it is read.</summary>
    internal string? ReadPath(string name, string content) => ReadOptionalText(name, SettingKinds.Text(content, _ => true));

    // The printed value shows how the text was read: 86400 as 1d.
    private bool TryRead<T>(string name, SettingKind<T> kind, [MaybeNullWhen(false)] out T value)
        where T : notnull
    {
        if (_sources.Find(name) is not { } found)
        {
            value = default;
            return false;
        }

        if (kind.TryParse(found.Text, out value))
        {
            _written[name] = kind.Write?.Invoke(value) ?? found.Text;
            return true;
        }

        _faults.Add($"{_sources.Describe(name, found)} is '{Masked(name, found.Text)}'; allowed: {kind.Allowed}");
        return false;
    }

    private void Describe<T>(string name, SettingKind<T> kind, string? defaultText)
        where T : notnull
        => _descriptions[name] = new SettingDescription(defaultText, kind.Allowed, kind.Words);

    private EffectiveSetting Effective(string name)
    {
        if (_sources.Find(name) is not { } value)
        {
            return new EffectiveSetting(name, _descriptions.GetValueOrDefault(name)?.Default, SettingOrigin.Default, null, null);
        }

        var isInFile = value.Origin == SettingOrigin.File;
        return new EffectiveSetting(
            name, Masked(name, _written.GetValueOrDefault(name, value.Text)), value.Origin, isInFile ? _sources.FilePath : null, isInFile ? value.Line : null);
    }

    // A URL may contain a password.
    private static string Masked(string name, string text)
    {
        const string Mask = "********";
        if (VariableNames.IsSecret(name))
        {
            return Mask;
        }

        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.UserInfo.Length > 0
            ? text.Replace($"{url.UserInfo}@", $"{Mask}@", StringComparison.Ordinal)
            : text;
    }

    // Conventions of OpenTelemetry: an endpoint turns a signal on, "none" turns it off.
    private bool IsExported(string signal) => !string.Equals(Value("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase) && Value($"OTEL_{signal}_EXPORTER") != "none"
        && (Value("OTEL_EXPORTER_OTLP_ENDPOINT") ?? Value($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")) is not null;

    private static bool IsRealm(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && text.All(c => c is > ' ' and <= '~' and not '"' and not '\\');

    private static bool TryParseExternalUrl(string text, out string value)
    {
        var isUrl = Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0
            && url.PathAndQuery == "/" && url.Fragment.Length == 0 && url.Host.All(char.IsAscii);
        value = isUrl ? url!.GetLeftPart(UriPartial.Authority) : text;
        return isUrl;
    }
}
