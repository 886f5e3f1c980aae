using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using Registry.Core.Storage;

namespace Registry.Server.Configuration;

/// <summary>Reads the settings from environment variables and reports every fault at once.</summary>
public sealed class OptionsReader
{
    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly List<string> _faults = [];

    private OptionsReader(IReadOnlyDictionary<string, string> environment) => _environment = environment;

    /// <summary>Reads all variables that begin with <c>REGISTRY_</c>; an empty value counts as unset.</summary>
    public static LoadedOptions Read(IReadOnlyDictionary<string, string> environment)
    {
        var reader = new OptionsReader(environment);
        var options = reader.ReadOptions();
        reader.RefuseUnavailable();
        var warnings = new List<string>();
        VariableNames.Check(environment, reader._faults, warnings);
        return new LoadedOptions(options, reader._faults, warnings);
    }

    private RegistryOptions ReadOptions()
    {
        var defaults = new RegistryOptions();
        var options = new RegistryOptions
        {
            Host = Read("REGISTRY_HOST", defaults.Host, ParseHost, "an IP address, localhost or *"),
            Port = (int)Read("REGISTRY_PORT", defaults.Port, Number(0, 65535), "a port from 0 to 65535"),
            LogLevel = Read("REGISTRY_LOG_LEVEL", defaults.LogLevel, ParseLogLevel, "debug, info, warn or error"),
            StoragePath = Read("REGISTRY_STORAGE_PATH", defaults.StoragePath, text => text, "a folder"),
            UploadTimeout = Seconds("REGISTRY_UPLOAD_TIMEOUT", defaults.UploadTimeout, 1),
            UploadCleanupInterval = Seconds("REGISTRY_UPLOAD_CLEANUP_INTERVAL", defaults.UploadCleanupInterval, 1),
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
            ExternalUrl = Read(
                "REGISTRY_EXTERNAL_URL", defaults.ExternalUrl, ParseExternalUrl, "http:// or https:// with a host, and no path, for example https://registry.example.com"),
        };
        if (options.PaginationDefaultLimit > options.PaginationMaxLimit && _faults.Count == 0)
        {
            _faults.Add(
                $"REGISTRY_PAGINATION_DEFAULT_LIMIT is {options.PaginationDefaultLimit}; at most REGISTRY_PAGINATION_MAX_LIMIT ({options.PaginationMaxLimit}) is allowed");
        }

        return options;
    }

    // A registry that was told to ask for passwords must not come up without asking.
    private void RefuseUnavailable()
    {
        var type = Value("REGISTRY_AUTH_TYPE");
        if (type is not null and not "none")
        {
            _faults.Add(type is "basic" or "token"
                ? $"REGISTRY_AUTH_TYPE is '{type}', which this version does not have yet; it would serve everybody, so it does not start. Allowed: none"
                : $"REGISTRY_AUTH_TYPE is '{type}'; allowed: none (basic and token are not in this version yet)");
        }

        foreach (var name in VariableNames.Authentication.Where(name => name != "REGISTRY_AUTH_TYPE" && Value(name) is not null))
        {
            _faults.Add($"{name} is set, but this version has no authentication yet; unset it to serve everybody");
        }

        var accessControl = Value("REGISTRY_ACCESS_CONTROL_ENABLED");
        if (accessControl is not null and not "false")
        {
            _faults.Add($"REGISTRY_ACCESS_CONTROL_ENABLED is '{accessControl}', but this version has no access control yet; allowed: false");
        }

        if (Value("REGISTRY_ACCESS_CONTROL_CONFIG") is not null)
        {
            _faults.Add("REGISTRY_ACCESS_CONTROL_CONFIG is set, but this version has no access control yet; unset it to serve everybody");
        }
    }

    private string? Value(string name) => _environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    private T Read<T>(string name, T defaultValue, Func<string, T?> parse, string allowed)
        where T : class?
    {
        if (Value(name) is not { } text)
        {
            return defaultValue;
        }

        if (parse(text) is { } value)
        {
            return value;
        }

        _faults.Add($"{name} is '{text}'; allowed: {allowed}");
        return defaultValue;
    }

    private T Read<T>(string name, T defaultValue, Func<string, T?> parse, string allowed)
        where T : struct
    {
        // Kubernetes gives a pod REGISTRY_PORT=tcp://… for a Service called "registry"; VariableNames warns of it.
        if (Value(name) is not { } text || VariableNames.IsFromKubernetes(name, text))
        {
            return defaultValue;
        }

        if (parse(text) is { } value)
        {
            return value;
        }

        _faults.Add($"{name} is '{text}'; allowed: {allowed}");
        return defaultValue;
    }

    private TimeSpan Seconds(string name, TimeSpan defaultValue, long least) => TimeSpan.FromSeconds(
        Read(name, (long)defaultValue.TotalSeconds, Number(least, int.MaxValue), $"a number of seconds from {least}"));

    private int PageSize(string name, int defaultValue) => (int)Read(name, defaultValue, Number(1, 100_000), "a number from 1 to 100000");

    private static Func<string, long?> Number(long least, long most) => text =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null;

    private static string? ParseHost(string text) => text is "localhost" or "*" || IPAddress.TryParse(text, out _) ? text : null;

    private static LogLevel? ParseLogLevel(string text) => text switch
    {
        "debug" => LogLevel.Debug,
        "info" => LogLevel.Information,
        "warn" => LogLevel.Warning,
        "error" => LogLevel.Error,
        _ => null,
    };

    private static ManifestReferences? ParseReferences(string text) => text switch
    {
        "strict" => ManifestReferences.Strict,
        "sparse-index" => ManifestReferences.SparseIndex,
        "sparse" => ManifestReferences.Sparse,
        _ => null,
    };

    private static string? ParseExternalUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0
            && url.PathAndQuery == "/" && url.Fragment.Length == 0
            ? url.GetLeftPart(UriPartial.Authority)
            : null;
}
