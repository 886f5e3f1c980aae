using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using Registry.Core.Access;
using Registry.Core.Storage;

namespace Registry.Server.Configuration;

/// <summary>Reads the settings from wherever they are set, and reports every fault at once.</summary>
public sealed class OptionsReader
{
    private readonly SettingSources _sources;
    private readonly List<string> _faults = [];
    private readonly Dictionary<string, SettingDescription> _descriptions = new(StringComparer.Ordinal);

    private OptionsReader(SettingSources sources) => _sources = sources;

    /// <summary>Reads all variables that begin with <c>REGISTRY_</c>; an empty value counts as unset.</summary>
    public static LoadedOptions Read(IReadOnlyDictionary<string, string> environment) =>
        Read(new SettingSources(new Dictionary<string, string>(), environment));

    /// <summary>Reads everything that is set.</summary>
    public static LoadedOptions Read(SettingSources sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        var reader = new OptionsReader(sources);
        reader._faults.AddRange(sources.FileFaults);
        reader._descriptions[VariableNames.File] = new SettingDescription(null, "a JSON file with settings under these names", []);
        var options = reader.ReadTls(reader.ReadAccess(reader.ReadOptions()));
        var warnings = new List<string>();
        VariableNames.Check(sources.Environment, reader._faults, warnings);
        return new LoadedOptions(options, reader._faults, warnings)
        {
            Settings = [.. VariableNames.All.Select(reader.Effective)],
            Descriptions = reader._descriptions,
        };
    }

    /// <summary>The format of the log, whatever is wrong with the other settings; text when it is at fault itself.</summary>
    public static LogFormat ReadLogFormat(SettingSources sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        return sources.Find("REGISTRY_LOG_FORMAT") is { } value ? ParseLogFormat(value.Text) ?? LogFormat.Text : LogFormat.Text;
    }

    private RegistryOptions ReadOptions()
    {
        var defaults = new RegistryOptions();
        var options = new RegistryOptions
        {
            Host = Read("REGISTRY_HOST", defaults.Host, ParseHost, "an IP address, localhost or *"),
            Port = (int)Read("REGISTRY_PORT", defaults.Port, Number(0, 65535), "a port from 0 to 65535"),
            Http2Port = OptionalPort("REGISTRY_HTTP2_PORT"),
            Transport = Read("REGISTRY_TRANSPORT", defaults.Transport, ParseTransport, OperatingSystem.IsLinux() ? "direct or kestrel" : "kestrel"),
            TrustedProxies = Read(
                "REGISTRY_TRUSTED_PROXIES", defaults.TrustedProxies, ProxyList.Parse, "IP addresses and networks such as 10.0.0.0/8, with commas between"),
            Readonly = ReadSwitch("REGISTRY_READONLY"),
            LogLevel = Read("REGISTRY_LOG_LEVEL", defaults.LogLevel, ParseLogLevel, "debug, info, warn or error"),
            LogFormat = Read("REGISTRY_LOG_FORMAT", defaults.LogFormat, ParseLogFormat, "text or json"),
            AccessLog = ReadSwitch("REGISTRY_ACCESS_LOG"),
            MetricsPort = OptionalPort("REGISTRY_METRICS_PORT"),
            MetricsHost = Read("REGISTRY_METRICS_HOST", defaults.MetricsHost, ParseHost, "an IP address, localhost or *"),
            ExportsMetrics = IsExported("METRICS"),
            ExportsTraces = IsExported("TRACES"),
            StoragePath = Read("REGISTRY_STORAGE_PATH", defaults.StoragePath, text => text, "a folder"),
            UploadTimeout = Seconds("REGISTRY_UPLOAD_TIMEOUT", defaults.UploadTimeout, 1),
            UploadCleanupInterval = Seconds("REGISTRY_UPLOAD_CLEANUP_INTERVAL", defaults.UploadCleanupInterval, 1),
            UploadMaxSessions = (int)Read(
                "REGISTRY_UPLOAD_MAX_SESSIONS", defaults.UploadMaxSessions, Number(1, 1_000_000), "a number from 1 to 1000000"),
            BlobMaxSize = OptionalNumber("REGISTRY_BLOB_MAX_SIZE", 1, "a number of bytes from 1"),
            StorageReserve = OptionalNumber("REGISTRY_STORAGE_RESERVE", 0, "a number of bytes; 0 for none"),
            MaxConnections = OptionalNumber("REGISTRY_MAX_CONNECTIONS", 1, "a number from 1"),
            PaginationDefaultLimit = PageSize("REGISTRY_PAGINATION_DEFAULT_LIMIT", defaults.PaginationDefaultLimit),
            PaginationMaxLimit = PageSize("REGISTRY_PAGINATION_MAX_LIMIT", defaults.PaginationMaxLimit),
            ManifestReferences = Read(
                "REGISTRY_MANIFEST_REFERENCES", defaults.ManifestReferences, ParseReferences, "strict, sparse-index or sparse"),
            ManifestMaxSize = Read(
                "REGISTRY_MANIFEST_MAX_SIZE",
                defaults.ManifestMaxSize,
                Number(RegistryOptions.MinManifestMaxSize, RegistryOptions.MaxManifestMaxSize),
                $"a number of bytes from {RegistryOptions.MinManifestMaxSize} to {RegistryOptions.MaxManifestMaxSize}"),
            GcGrace = Seconds("REGISTRY_GC_GRACE", defaults.GcGrace, 1),
            VerifyPeriod = Seconds("REGISTRY_VERIFY_PERIOD", defaults.VerifyPeriod, 0),
            VerifyRate = (int)Read("REGISTRY_VERIFY_RATE", defaults.VerifyRate, Number(1, 100_000), "a number of MiB a second from 1 to 100000"),
            ExternalUrl = Read(
                "REGISTRY_EXTERNAL_URL", defaults.ExternalUrl, ParseExternalUrl, "http:// or https:// with a host, and no path, for example https://registry.example.com"),
        };
        if (options.MetricsPort is null && Value("REGISTRY_METRICS_HOST") is not null and not "127.0.0.1")
        {
            _faults.Add("REGISTRY_METRICS_HOST is set, but REGISTRY_METRICS_PORT is not; there would be no metrics");
        }

        if (options.Http2Port is > 0 and var http2Port && http2Port == options.Port)
        {
            _faults.Add($"REGISTRY_HTTP2_PORT is {http2Port}, and so is REGISTRY_PORT; HTTP/2 in clear text needs a port of its own");
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
        var type = Read("REGISTRY_AUTH_TYPE", "none", text => text is "none" or "basic" or "token" ? text : null, "none, basic or token");
        var isBuiltIn = ReadSwitch("REGISTRY_AUTH_TOKEN_BUILTIN");
        var kind = (type, isBuiltIn) switch
        {
            ("basic", _) => AuthenticationKind.Basic,
            ("token", true) => AuthenticationKind.BuiltInToken,
            ("token", false) => AuthenticationKind.Token,
            _ => AuthenticationKind.None,
        };
        if (isBuiltIn && type != "token")
        {
            _faults.Add($"REGISTRY_AUTH_TOKEN_BUILTIN is true, but REGISTRY_AUTH_TYPE is {type}; it goes with token");
        }

        CheckNeeds(kind);
        var isControlled = ReadSwitch("REGISTRY_ACCESS_CONTROL_ENABLED");
        var rules = Value("REGISTRY_ACCESS_CONTROL_CONFIG");
        if (isControlled != rules is not null)
        {
            _faults.Add(isControlled
                ? "REGISTRY_ACCESS_CONTROL_CONFIG is missing; REGISTRY_ACCESS_CONTROL_ENABLED needs the path of the rules"
                : "REGISTRY_ACCESS_CONTROL_CONFIG is set, but REGISTRY_ACCESS_CONTROL_ENABLED is not true; the rules would not be applied");
        }

        return options with
        {
            Authentication = kind,
            AuthenticationRealm = Read("REGISTRY_AUTH_REALM", options.AuthenticationRealm, ParsePrintable, "printable ASCII, since HTTP headers carry it"),
            HtpasswdPath = Value("REGISTRY_AUTH_HTPASSWD"),
            TokenRealm = Read("REGISTRY_AUTH_TOKEN_REALM", options.TokenRealm, ParseRealm, "an http:// or https:// URL in ASCII"),
            TokenService = Read("REGISTRY_AUTH_TOKEN_SERVICE", options.TokenService, ParsePrintable, "printable ASCII, since HTTP headers carry it"),
            TokenIssuer = Read("REGISTRY_AUTH_TOKEN_ISSUER", options.TokenIssuer, text => text, "text"),
            TokenPublicKeyPath = Value("REGISTRY_AUTH_TOKEN_PUBLICKEY"),
            AccessControlPath = isControlled ? rules : null,
        };
    }

    // Half of TLS is none, and nobody who sets a part of it wants none.
    private RegistryOptions ReadTls(RegistryOptions options)
    {
        var certificate = Value("REGISTRY_TLS_CERT");
        var key = Value("REGISTRY_TLS_KEY");
        var clientCa = Value("REGISTRY_TLS_CLIENT_CA");
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
            _faults.Add("REGISTRY_TLS_CERT and REGISTRY_TLS_KEY are missing; REGISTRY_TLS_CLIENT_CA is set, and certificates of clients go with TLS");
        }

        if (certificate is not null && options.Http2Port is not null)
        {
            _faults.Add("REGISTRY_HTTP2_PORT is set, and so is REGISTRY_TLS_CERT; with TLS, HTTP/2 is spoken on REGISTRY_PORT, and nothing in clear text. Unset one of them");
        }

        return options with { TlsCert = certificate, TlsKey = key, TlsClientCa = clientCa };
    }

    // What a kind needs must be there, and what it would ignore must not: a registry that was told to ask for passwords never comes up
    // without asking.
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

    private int? OptionalPort(string name) => (int?)OptionalNumber(name, 0, "a port from 0 to 65535", 65535);

    private bool ReadSwitch(string name) => Read(
        name, "false", text => text is "true" or "false" ? text : null, "true or false") == "true";

    private string? Value(string name) => _sources.Find(name)?.Text;

    private T Read<T>(string name, T defaultValue, Func<string, T?> parse, string allowed)
        where T : class?
    {
        Describe(name, defaultValue, parse, allowed);
        if (Value(name) is not { } text)
        {
            return defaultValue;
        }

        if (parse(text) is { } value)
        {
            return value;
        }

        Refuse(name, allowed);
        return defaultValue;
    }

    private T Read<T>(string name, T defaultValue, Func<string, T?> parse, string allowed)
        where T : struct
    {
        Describe(name, defaultValue, text => parse(text), allowed);
        if (Value(name) is not { } text)
        {
            return defaultValue;
        }

        if (parse(text) is { } value)
        {
            return value;
        }

        Refuse(name, allowed);
        return defaultValue;
    }

    private void Refuse(string name, string allowed)
    {
        var value = _sources.Find(name)!.Value;
        _faults.Add($"{_sources.Describe(name, value)} is '{Printable(name, value.Text)}'; allowed: {allowed}");
    }

    // The words of "strict, sparse-index or sparse" are values, those of "a port from 0 to 65535" are not.
    private void Describe(string name, object? defaultValue, Func<string, object?> parse, string allowed)
    {
        var words = allowed.Split([", ", " or "], StringSplitOptions.None);
        var isChoice = words.All(word => !word.Contains(' ', StringComparison.Ordinal)) && allowed != "text";
        var text = isChoice ? words.FirstOrDefault(word => Equals(parse(word), defaultValue)) : null;
        text ??= defaultValue is long number ? number.ToString(CultureInfo.InvariantCulture) : defaultValue as string;
        _descriptions[name] = new SettingDescription(text, allowed, isChoice ? words : []);
    }

    private EffectiveSetting Effective(string name)
    {
        if (_sources.Find(name) is not { } value)
        {
            return new EffectiveSetting(name, _descriptions.GetValueOrDefault(name)?.Default, SettingOrigin.Default, null, null);
        }

        var isInFile = value.Origin == SettingOrigin.File;
        return new EffectiveSetting(
            name, Printable(name, value.Text), value.Origin, isInFile ? _sources.FilePath : null, isInFile ? value.Line : null);
    }

    // A password may also hide in a URL.
    private static string Printable(string name, string text)
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

    private long? OptionalNumber(string name, long least, string allowed, long most = long.MaxValue)
    {
        const long Unset = -1;
        var number = Read(name, Unset, Number(least, most), allowed);
        _descriptions[name] = _descriptions[name] with { Default = null };
        return number == Unset ? null : number;
    }

    private TimeSpan Seconds(string name, TimeSpan defaultValue, long least) => TimeSpan.FromSeconds(
        Read(name, (long)defaultValue.TotalSeconds, Number(least, int.MaxValue), $"a number of seconds from {least}"));

    private int PageSize(string name, int defaultValue) => (int)Read(name, defaultValue, Number(1, 100_000), "a number from 1 to 100000");

    private static Func<string, long?> Number(long least, long most) => text =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null;

    private static string? ParseHost(string text) => text is "localhost" or "*" || IPAddress.TryParse(text, out _) ? text : null;

    private static TransportKind? ParseTransport(string text) => text switch
    {
        "direct" when OperatingSystem.IsLinux() => TransportKind.Direct,
        "kestrel" => TransportKind.Kestrel,
        _ => null,
    };

    private static LogLevel? ParseLogLevel(string text) => text switch
    {
        "debug" => LogLevel.Debug,
        "info" => LogLevel.Information,
        "warn" => LogLevel.Warning,
        "error" => LogLevel.Error,
        _ => null,
    };

    // The conventions of OpenTelemetry: an endpoint switches a signal on, "none" off.
    private bool IsExported(string signal) => Value("OTEL_SDK_DISABLED") != "true" && Value($"OTEL_{signal}_EXPORTER") != "none"
        && (Value("OTEL_EXPORTER_OTLP_ENDPOINT") ?? Value($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")) is not null;

    private static LogFormat? ParseLogFormat(string text) => text switch
    {
        "text" => LogFormat.Text,
        "json" => LogFormat.Json,
        _ => null,
    };

    private static ManifestReferences? ParseReferences(string text) => text switch
    {
        "strict" => ManifestReferences.Strict,
        "sparse-index" => ManifestReferences.SparseIndex,
        "sparse" => ManifestReferences.Sparse,
        _ => null,
    };

    private static string? ParsePrintable(string text) => text.All(c => c is >= ' ' and <= '~') ? text : null;

    private static string? ParseRealm(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && text.All(c => c is > ' ' and <= '~' and not '"' and not '\\')
            ? text
            : null;

    private static string? ParseExternalUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0
            && url.PathAndQuery == "/" && url.Fragment.Length == 0 && url.Host.All(char.IsAscii)
            ? url.GetLeftPart(UriPartial.Authority)
            : null;
}
