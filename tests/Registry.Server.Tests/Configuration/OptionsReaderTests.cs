using Microsoft.Extensions.Logging;
using Registry.Core.Access;
using Registry.Core.Metadata;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;

namespace Registry.Server.Tests.Configuration;

/// <summary>Settings as environment variables; every fault is reported, and all of them at once.</summary>
public sealed class OptionsReaderTests
{
    public static TheoryData<string, string, object> Good => new()
    {
        { "REGISTRY_HOST", "127.0.0.1", "127.0.0.1" },
        { "REGISTRY_HOST", "::", "::" },
        { "REGISTRY_HOST", "::1", "::1" },
        { "REGISTRY_HOST", "localhost", "localhost" },
        { "REGISTRY_HOST", "*", "*" },
        { "REGISTRY_PORT", "0", 0 },
        { "REGISTRY_PORT", "65535", 65535 },
        { "REGISTRY_HTTP2_PORT", "0", 0 },
        { "REGISTRY_HTTP2_PORT", "15001", 15001 },
        { "REGISTRY_LOG_LEVEL", "debug", LogLevel.Debug },
        { "REGISTRY_LOG_LEVEL", "info", LogLevel.Information },
        { "REGISTRY_LOG_LEVEL", "warn", LogLevel.Warning },
        { "REGISTRY_LOG_LEVEL", "error", LogLevel.Error },
        { "REGISTRY_LOG_LEVEL", "INFO", LogLevel.Information },
        { "REGISTRY_LOG_LEVEL", "Warning", LogLevel.Warning },
        { "REGISTRY_READONLY", "yes", true },
        { "REGISTRY_READONLY", "On", true },
        { "REGISTRY_READONLY", "1", true },
        { "REGISTRY_READONLY", "TRUE", true },
        { "REGISTRY_READONLY", "no", false },
        { "REGISTRY_READONLY", "off", false },
        { "REGISTRY_READONLY", "0", false },
        { "REGISTRY_HOST", "LocalHost", "localhost" },
        { "REGISTRY_UPLOAD_TIMEOUT", "90s", TimeSpan.FromSeconds(90) },
        { "REGISTRY_UPLOAD_TIMEOUT", "1h30m", TimeSpan.FromMinutes(90) },
        { "REGISTRY_GC_GRACE", "24H", TimeSpan.FromDays(1) },
        { "REGISTRY_TRASH", "2w", TimeSpan.FromDays(14) },
        { "REGISTRY_VERIFY_PERIOD", "2w", TimeSpan.FromDays(14) },
        { "REGISTRY_VERIFY_RATE", "50MiB/s", 50 },
        { "REGISTRY_VERIFY_RATE", "1g", 1024 },
        { "REGISTRY_BLOB_MAX_SIZE", "10GiB", 10L << 30 },
        { "REGISTRY_BLOB_MAX_SIZE", "1.5g", 3L << 29 },
        { "REGISTRY_STORAGE_RESERVE", "512MB", 512_000_000L },
        { "REGISTRY_MANIFEST_MAX_SIZE", "8M", 8_388_608L },
        { "REGISTRY_MANIFEST_MAX_DESCRIPTORS", "20000", 20_000 },
        { "REGISTRY_MANIFEST_REFERENCES", "Strict", ManifestReferences.Strict },
        { "REGISTRY_LOG_FORMAT", "text", LogFormat.Text },
        { "REGISTRY_LOG_FORMAT", "json", LogFormat.Json },
        { "REGISTRY_ACCESS_LOG", "true", true },
        { "REGISTRY_METRICS_PORT", "9464", 9464 },
        { "REGISTRY_STORAGE_PATH", "/var/lib/registry", "/var/lib/registry" },
        { "REGISTRY_IDLE_TIMEOUT", "5m", TimeSpan.FromMinutes(5) },
        { "REGISTRY_UPLOAD_TIMEOUT", "1", TimeSpan.FromSeconds(1) },
        { "REGISTRY_UPLOAD_TIMEOUT", "7200", TimeSpan.FromHours(2) },
        { "REGISTRY_UPLOAD_CLEANUP_INTERVAL", "30", TimeSpan.FromSeconds(30) },
        { "REGISTRY_UPLOAD_MAX_SESSIONS", "5", 5 },
        { "REGISTRY_BLOB_MAX_SIZE", "5000000000", 5_000_000_000L },
        { "REGISTRY_STORAGE_RESERVE", "0", 0L },
        { "REGISTRY_MAX_CONNECTIONS", "1", 1L },
        { "REGISTRY_REQUEST_MEMORY", "64MiB", 64L * 1024 * 1024 },
        { "REGISTRY_PAGINATION_DEFAULT_LIMIT", "1", 1 },
        { "REGISTRY_PAGINATION_MAX_LIMIT", "100000", 100_000 },
        { "REGISTRY_MANIFEST_REFERENCES", "strict", ManifestReferences.Strict },
        { "REGISTRY_MANIFEST_REFERENCES", "sparse-index", ManifestReferences.SparseIndex },
        { "REGISTRY_MANIFEST_REFERENCES", "sparse", ManifestReferences.Sparse },
        { "REGISTRY_MANIFEST_MAX_SIZE", "4194304", 4_194_304L },
        { "REGISTRY_MANIFEST_MAX_SIZE", "268435456", 268_435_456L },
        { "REGISTRY_GC_GRACE", "5", TimeSpan.FromSeconds(5) },
        { "REGISTRY_TRASH", "0", TimeSpan.Zero },
        { "REGISTRY_VERIFY_PERIOD", "0", TimeSpan.Zero },
        { "REGISTRY_VERIFY_PERIOD", "86400", TimeSpan.FromDays(1) },
        { "REGISTRY_VERIFY_RATE", "100000", 100_000 },
        { "REGISTRY_EXTERNAL_URL", "https://registry.example.com", "https://registry.example.com" },
        { "REGISTRY_EXTERNAL_URL", "https://registry.example.com/", "https://registry.example.com" },
        { "REGISTRY_EXTERNAL_URL", "http://10.0.0.1:5000", "http://10.0.0.1:5000" },
    };

    [Fact]
    public void The_defaults_are_those_of_the_user_guide()
    {
        var loaded = OptionsReader.Read(new Dictionary<string, string> { ["PATH"] = "/bin", ["registry_port"] = "x", ["REGISTRYPORT"] = "x" });

        Assert.Empty(loaded.Faults);
        Assert.Empty(loaded.Warnings);
        Assert.Equal(new RegistryOptions(), loaded.Options);
        Assert.Equal(
            new RegistryOptions
            {
                Host = "0.0.0.0",
                Port = 15000,
                LogLevel = LogLevel.Information,
                StoragePath = "./data",
                UploadTimeout = TimeSpan.FromHours(1),
                UploadCleanupInterval = TimeSpan.FromMinutes(5),
                PaginationDefaultLimit = 100,
                PaginationMaxLimit = 1000,
                ManifestReferences = ManifestReferences.SparseIndex,
                ManifestMaxSize = 4 * 1024 * 1024,
                ManifestMaxDescriptors = 10_000,
                GcGrace = TimeSpan.FromHours(24),
                ExternalUrl = null,
            },
            loaded.Options);
    }

    [Theory]
    [MemberData(nameof(Good))]
    public void A_good_value_is_taken(string name, string value, object expected)
    {
        var loaded = Read((name, value));

        Assert.Empty(loaded.Faults);
        Assert.Empty(loaded.Warnings);
        Assert.Equal(expected, Property(name).GetValue(loaded.Options));
        foreach (var other in typeof(RegistryOptions).GetProperties().Where(other => other != Property(name)))
        {
            Assert.Equal(other.GetValue(new RegistryOptions()), other.GetValue(loaded.Options));
        }
    }

    [Theory]
    [InlineData("REGISTRY_HOST", "registry.example.com", "an IP address, localhost or *")]
    [InlineData("REGISTRY_HOST", "127.0.0.1:5000", "an IP address, localhost or *")]
    [InlineData("REGISTRY_PORT", "65536", "a port from 0 to 65535")]
    [InlineData("REGISTRY_PORT", "-1", "a port from 0 to 65535")]
    [InlineData("REGISTRY_PORT", "http", "a port from 0 to 65535")]
    [InlineData("REGISTRY_PORT", " 80", "a port from 0 to 65535")]
    [InlineData("REGISTRY_PORT", "8e1", "a port from 0 to 65535")]
    [InlineData("REGISTRY_HTTP2_PORT", "65536", "a port from 0 to 65535")]
    [InlineData("REGISTRY_LOG_LEVEL", "trace", "debug, info, warn or error")]
    [InlineData("REGISTRY_LOG_FORMAT", "xml", "text or json")]
    [InlineData("REGISTRY_METRICS_PORT", "65536", "a port from 0 to 65535")]
    [InlineData("REGISTRY_UPLOAD_TIMEOUT", "0", "a time of 1s or more, such as 90s, 24h, 7d or 1h30m; a number alone is seconds")]
    [InlineData("REGISTRY_UPLOAD_TIMEOUT", "1 h", "a time of 1s or more, such as 90s, 24h, 7d or 1h30m; a number alone is seconds")]
    [InlineData("REGISTRY_UPLOAD_TIMEOUT", "99999999999", "a time of 1s or more, such as 90s, 24h, 7d or 1h30m; a number alone is seconds")]
    [InlineData("REGISTRY_UPLOAD_CLEANUP_INTERVAL", "0", "a time of 1s or more, such as 90s, 24h, 7d or 1h30m; a number alone is seconds")]
    [InlineData("REGISTRY_UPLOAD_MAX_SESSIONS", "0", "a number from 1 to 1000000")]
    [InlineData("REGISTRY_BLOB_MAX_SIZE", "5 gigs", "a size of 1 or more, such as 512MB or 10GiB; a number alone is bytes")]
    [InlineData("REGISTRY_BLOB_MAX_SIZE", "0", "a size of 1 or more, such as 512MB or 10GiB; a number alone is bytes")]
    [InlineData("REGISTRY_STORAGE_RESERVE", "5%", "a size of 0 or more, such as 512MB or 10GiB; a number alone is bytes")]
    [InlineData("REGISTRY_MAX_CONNECTIONS", "0", "a number from 1")]
    [InlineData("REGISTRY_REQUEST_MEMORY", "1MiB", "a size of 32MiB or more, such as 512MB or 10GiB; a number alone is bytes")]
    [InlineData("REGISTRY_PAGINATION_DEFAULT_LIMIT", "0", "a number from 1 to 100000")]
    [InlineData("REGISTRY_PAGINATION_MAX_LIMIT", "100001", "a number from 1 to 100000")]
    [InlineData("REGISTRY_READONLY", "maybe", "true or false (also yes, no, on, off, 1 and 0)")]
    [InlineData("REGISTRY_MANIFEST_REFERENCES", "none", "strict, sparse-index or sparse")]
    [InlineData("REGISTRY_CORS_ORIGINS", "ui.example.com", "origins such as https://ui.example.com, without a path, separated by commas; or * for any")]
    [InlineData("REGISTRY_CORS_ORIGINS", "https://ui.example.com/", "origins such as https://ui.example.com, without a path, separated by commas; or * for any")]
    [InlineData("REGISTRY_CORS_ORIGINS", "https://ui.example.com,*", "origins such as https://ui.example.com, without a path, separated by commas; or * for any")]
    [InlineData("REGISTRY_CORS_ORIGINS", "https://*.example.com", "origins such as https://ui.example.com, without a path, separated by commas; or * for any")]
    [InlineData("REGISTRY_CORS_ORIGINS", "null", "origins such as https://ui.example.com, without a path, separated by commas; or * for any")]
    [InlineData("REGISTRY_MANIFEST_MAX_SIZE", "4194303", "a size from 4MiB to 256MiB, such as 512MB or 10GiB; a number alone is bytes")]
    [InlineData("REGISTRY_MANIFEST_MAX_SIZE", "268435457", "a size from 4MiB to 256MiB, such as 512MB or 10GiB; a number alone is bytes")]
    [InlineData("REGISTRY_MANIFEST_MAX_SIZE", "8Mbit", "a size from 4MiB to 256MiB, such as 512MB or 10GiB; a number alone is bytes")]
    [InlineData("REGISTRY_GC_GRACE", "-5", "a time of 1s or more, such as 90s, 24h, 7d or 1h30m; a number alone is seconds")]
    [InlineData("REGISTRY_TRASH", "a week", "a time of 0 or more, such as 90s, 24h, 7d or 1h30m; a number alone is seconds")]
    [InlineData("REGISTRY_VERIFY_PERIOD", "-1", "a time of 0 or more, such as 90s, 24h, 7d or 1h30m; a number alone is seconds")]
    [InlineData("REGISTRY_VERIFY_RATE", "0", "a number of MiB a second from 1 to 100000, also written as 50MiB/s")]
    [InlineData("REGISTRY_TRUSTED_PROXIES", "proxy.example.com", "IP addresses and networks such as 10.0.0.0/8, separated by commas")]
    [InlineData("REGISTRY_TRUSTED_PROXIES", "10.0.0.1,10.0.0.0/33", "IP addresses and networks such as 10.0.0.0/8, separated by commas")]
    [InlineData("REGISTRY_EXTERNAL_URL", "registry.example.com", "http:// or https:// with a host, and no path")]
    [InlineData("REGISTRY_EXTERNAL_URL", "ftp://registry.example.com", "http:// or https:// with a host, and no path")]
    [InlineData("REGISTRY_EXTERNAL_URL", "https://régistry.example.com", "http:// or https:// with a host, and no path")]
    [InlineData("REGISTRY_AUTH_REALM", "Régistry", "printable ASCII, because HTTP headers carry it")]
    [InlineData("REGISTRY_AUTH_REALM", "a\r\nSet-Cookie: b", "printable ASCII, because HTTP headers carry it")]
    [InlineData("REGISTRY_EXTERNAL_URL", "https://", "http:// or https:// with a host, and no path")]
    [InlineData("REGISTRY_EXTERNAL_URL", "https://registry.example.com/registry", "http:// or https:// with a host, and no path")]
    [InlineData("REGISTRY_EXTERNAL_URL", "https://registry.example.com?x=y", "http:// or https:// with a host, and no path")]
    [InlineData("REGISTRY_EXTERNAL_URL", "https://registry.example.com/#x", "http:// or https:// with a host, and no path")]
    [InlineData("REGISTRY_EXTERNAL_URL", "https://user:secret@registry.example.com", "http:// or https:// with a host, and no path")]
    public void A_bad_value_is_a_fault_that_says_what_is_allowed(string name, string value, string allowed)
    {
        var fault = Assert.Single(Read((name, value)).Faults);

        var printed = value.Replace("user:secret@", "********@", StringComparison.Ordinal);
        Assert.StartsWith($"{name} is '{printed}'; allowed: {allowed}", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://a/token\n")]
    [InlineData("https://a/\"token")]
    [InlineData("https://a/tokén")]
    [InlineData("a/token")]
    public void A_realm_that_fits_no_header_is_a_fault(string realm) => Assert.EndsWith(
        "allowed: an http:// or https:// URL in ASCII",
        Assert.Single(Read(
            ("REGISTRY_AUTH_TYPE", "token"), ("REGISTRY_AUTH_TOKEN_BUILTIN", "true"), ("REGISTRY_AUTH_HTPASSWD", "x"), ("REGISTRY_AUTH_TOKEN_REALM", realm)).Faults),
        StringComparison.Ordinal);

    // The documents list the options that may stand alone by this.
    [Fact]
    public void A_switch_is_a_setting_that_is_true_or_false() => Assert.Equal(
        VariableNames.Switches.Order(StringComparer.Ordinal),
        Read().Descriptions.Where(setting => setting.Value.Words.SequenceEqual(SettingKinds.Switch.Words)).Select(setting => setting.Key).Order(StringComparer.Ordinal));

    [Fact]
    public void An_empty_value_counts_as_unset()
    {
        var loaded = OptionsReader.Read(VariableNames.All.ToDictionary(name => name, _ => ""));

        Assert.Empty(loaded.Faults);
        Assert.Equal(new RegistryOptions(), loaded.Options);
    }

    [Fact]
    public void All_faults_are_reported_at_once()
    {
        var loaded = Read(
            ("REGISTRY_HOST", "?"), ("REGISTRY_PORT", "?"), ("REGISTRY_LOG_LEVEL", "?"), ("REGISTRY_UPLOAD_TIMEOUT", "?"),
            ("REGISTRY_UPLOAD_CLEANUP_INTERVAL", "?"), ("REGISTRY_PAGINATION_DEFAULT_LIMIT", "?"), ("REGISTRY_PAGINATION_MAX_LIMIT", "?"),
            ("REGISTRY_MANIFEST_REFERENCES", "?"), ("REGISTRY_MANIFEST_MAX_SIZE", "?"), ("REGISTRY_MANIFEST_MAX_DESCRIPTORS", "?"), ("REGISTRY_GC_GRACE", "?"), ("REGISTRY_TRASH", "?"), ("REGISTRY_VERIFY_PERIOD", "?"),
            ("REGISTRY_VERIFY_RATE", "?"), ("REGISTRY_EXTERNAL_URL", "?"),
            ("REGISTRY_UPLOAD_MAX_SESSIONS", "?"), ("REGISTRY_BLOB_MAX_SIZE", "?"), ("REGISTRY_STORAGE_RESERVE", "?"), ("REGISTRY_MAX_CONNECTIONS", "?"), ("REGISTRY_IDLE_TIMEOUT", "?"),
            ("REGISTRY_AUTH_TYPE", "?"), ("REGISTRY_NONSENSE_OF_SOME_LENGTH", "?"), ("REGISTRY_PROT", "?"));

        Assert.Equal(23, loaded.Faults.Count);
        Assert.All(loaded.Faults, fault => Assert.DoesNotContain('\n', fault));
        Assert.Equal(new RegistryOptions(), loaded.Options);
    }

    [Fact]
    public void The_default_page_must_not_be_larger_than_the_largest()
    {
        Assert.Empty(Read(("REGISTRY_PAGINATION_DEFAULT_LIMIT", "7"), ("REGISTRY_PAGINATION_MAX_LIMIT", "7")).Faults);
        Assert.Equal(
            ["REGISTRY_PAGINATION_DEFAULT_LIMIT is 8; at most REGISTRY_PAGINATION_MAX_LIMIT (7) is allowed"],
            Read(("REGISTRY_PAGINATION_DEFAULT_LIMIT", "8"), ("REGISTRY_PAGINATION_MAX_LIMIT", "7")).Faults);
    }

    [Theory]
    [InlineData("REGISTRY_PROT", "REGISTRY_PORT")]
    [InlineData("REGISTRY_port", "REGISTRY_PORT")]
    [InlineData("REGISTRY_STORAGEPATH", "REGISTRY_STORAGE_PATH")]
    [InlineData("REGISTRY_LOGLEVEL", "REGISTRY_LOG_LEVEL")]
    [InlineData("REGISTRY_AUTH_TPYE", "REGISTRY_AUTH_TYPE")]
    [InlineData("REGISTRY_EXTERNAL_URI", "REGISTRY_EXTERNAL_URL")]
    [InlineData("REGISTRY_MANIFEST_REFERENCE", "REGISTRY_MANIFEST_REFERENCES")]
    [InlineData("REGISTRY_ACCESS_CONTROL_ENABLE", "REGISTRY_ACCESS_CONTROL_ENABLED")]
    public void A_misspelt_name_is_a_fault_that_names_the_right_one(string name, string meant) =>
        Assert.Equal([$"{name} is not a setting; did you mean {meant}?"], Read((name, "x")).Faults);

    [Theory]
    [InlineData("REGISTRY_NONSENSE_OF_SOME_LENGTH")]
    [InlineData("REGISTRY_TLS_CERTIFICATE_FILE")]
    public void A_name_like_no_other_is_a_fault(string name) =>
        Assert.Equal([$"{name} is not a setting; docs/configuration.md lists them"], Read((name, "x")).Faults);

    [Theory]
    [InlineData("REGISTRY_PORT", "tcp://10.96.0.1:5000")]
    [InlineData("REGISTRY_SERVICE_HOST", "10.96.0.1")]
    [InlineData("REGISTRY_SERVICE_PORT", "5000")]
    [InlineData("REGISTRY_SERVICE_PORT_HTTP", "5000")]
    [InlineData("REGISTRY_PORT_5000_TCP", "tcp://10.96.0.1:5000")]
    [InlineData("REGISTRY_PORT_5000_TCP_ADDR", "10.96.0.1")]
    [InlineData("REGISTRY_PORT_5000_TCP_PORT", "5000")]
    [InlineData("REGISTRY_PORT_5000_TCP_PROTO", "tcp")]
    public void What_Kubernetes_sets_for_a_Service_called_registry_is_ignored_with_a_warning(string name, string value)
    {
        var loaded = Read((name, value));

        Assert.Empty(loaded.Faults);
        Assert.StartsWith($"{name} is ignored: Kubernetes", Assert.Single(loaded.Warnings), StringComparison.Ordinal);
        Assert.Equal(15000, loaded.Options.Port);
    }

    [Theory]
    [InlineData("REGISTRY_HTTP_ADDR", "REGISTRY_HOST and REGISTRY_PORT")]
    [InlineData("REGISTRY_HTTP_HOST", "REGISTRY_EXTERNAL_URL")]
    [InlineData("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", "REGISTRY_STORAGE_PATH")]
    [InlineData("REGISTRY_STORAGE_DELETE_ENABLED", "deleting is always possible")]
    [InlineData("REGISTRY_HTTP_SECRET", "docs/configuration.md")]
    [InlineData("REGISTRY_PROXY_REMOTEURL", "docs/configuration.md")]
    [InlineData("REGISTRY_REDIS_ADDR", "docs/configuration.md")]
    [InlineData("REGISTRY_NOTIFICATIONS_ENDPOINTS", "docs/configuration.md")]
    public void What_belongs_to_distribution_is_ignored_with_a_warning_that_names_ours(string name, string ours)
    {
        var loaded = Read((name, "x"));

        Assert.Empty(loaded.Faults);
        Assert.Contains(ours, Assert.Single(loaded.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("REGISTRY_AUTH_TYPE", "Nope")]
    [InlineData("REGISTRY_AUTH_TOKEN_BUILTIN", "true")]
    [InlineData("REGISTRY_AUTH_HTPASSWD", "/etc/htpasswd")]
    [InlineData("REGISTRY_AUTH_TOKEN_SERVICE", "registry")]
    [InlineData("REGISTRY_AUTH_TOKEN_ISSUER", "auth.example.com")]
    [InlineData("REGISTRY_AUTH_TOKEN_PUBLICKEY", "/etc/key.pem")]
    [InlineData("REGISTRY_ACCESS_CONTROL_ENABLED", "perhaps")]
    [InlineData("REGISTRY_ACCESS_CONTROL_CONFIG", "/etc/access.json")]
    public void A_protection_that_would_not_be_in_force_keeps_the_registry_from_starting(string name, string value) =>
        Assert.StartsWith(name, Assert.Single(Read((name, value)).Faults), StringComparison.Ordinal);

    [Theory]
    [InlineData("basic", "REGISTRY_AUTH_HTPASSWD")]
    [InlineData("token", "REGISTRY_AUTH_TOKEN_REALM", "REGISTRY_AUTH_TOKEN_SERVICE", "REGISTRY_AUTH_TOKEN_ISSUER", "REGISTRY_AUTH_TOKEN_PUBLICKEY")]
    public void A_kind_of_authentication_names_all_that_it_misses(string type, params string[] missing) => Assert.Equal(
        missing.Select(name => $"{name} is missing; REGISTRY_AUTH_TYPE={type} needs it"), Read(("REGISTRY_AUTH_TYPE", type)).Faults);

    [Fact]
    public void The_built_in_token_service_needs_users_and_no_key()
    {
        Assert.Equal(
            AuthenticationKind.BuiltInToken,
            Read(("REGISTRY_AUTH_TYPE", "token"), ("REGISTRY_AUTH_TOKEN_BUILTIN", "true"), ("REGISTRY_AUTH_HTPASSWD", "/x")).Options.Authentication);
        Assert.Equal(
            ["REGISTRY_AUTH_HTPASSWD is missing; REGISTRY_AUTH_TOKEN_BUILTIN=true needs it"],
            Read(("REGISTRY_AUTH_TYPE", "token"), ("REGISTRY_AUTH_TOKEN_BUILTIN", "true")).Faults);
    }

    [Theory]
    [InlineData("REGISTRY_TLS_CERT is missing; REGISTRY_TLS_KEY is set, and TLS needs both", "REGISTRY_TLS_KEY")]
    [InlineData("REGISTRY_TLS_KEY is missing; REGISTRY_TLS_CERT is set, and TLS needs both", "REGISTRY_TLS_CERT", "REGISTRY_TLS_CLIENT_CA")]
    [InlineData(
        "REGISTRY_TLS_CERT and REGISTRY_TLS_KEY are missing; REGISTRY_TLS_CLIENT_CA is set, and client certificates need TLS", "REGISTRY_TLS_CLIENT_CA")]
    public void Half_of_TLS_is_a_fault(string fault, params string[] set) =>
        Assert.Equal([fault], Read([.. set.Select(name => (name, "/tls.pem"))]).Faults);

    [Fact]
    public void TLS_is_a_certificate_with_its_key()
    {
        var loaded = Read(("REGISTRY_TLS_CERT", "/a"), ("REGISTRY_TLS_KEY", "/b"), ("REGISTRY_TLS_CLIENT_CA", "/c"));

        Assert.Empty(loaded.Faults);
        Assert.Equal(new RegistryOptions { TlsCert = "/a", TlsKey = "/b", TlsClientCa = "/c" }, loaded.Options);
    }

    [Fact]
    public void HTTP_2_in_clear_text_has_a_port_of_its_own_and_is_not_spoken_beside_TLS()
    {
        Assert.Equal(
            ["REGISTRY_HTTP2_PORT and REGISTRY_PORT are both 15000; HTTP/2 in clear text needs a separate port"],
            Read(("REGISTRY_HTTP2_PORT", "15000")).Faults);
        Assert.StartsWith(
            "REGISTRY_HTTP2_PORT and REGISTRY_TLS_CERT are both set;",
            Assert.Single(Read(("REGISTRY_HTTP2_PORT", "0"), ("REGISTRY_TLS_CERT", "/a"), ("REGISTRY_TLS_KEY", "/b")).Faults),
            StringComparison.Ordinal);
        Assert.Empty(Read(("REGISTRY_HTTP2_PORT", "0"), ("REGISTRY_PORT", "0")).Faults);
    }

    [Theory]
    [InlineData("REGISTRY_AUTH_TYPE", "none")]
    [InlineData("REGISTRY_ACCESS_CONTROL_ENABLED", "false")]
    public void What_protects_nothing_may_be_said(string name, string value) => Assert.Empty(Read((name, value)).Faults);

    [Fact]
    public void Every_option_has_its_variable_and_every_variable_its_option()
    {
        string[] access =
        [
            nameof(RegistryOptions.Authentication), nameof(RegistryOptions.AuthenticationRealm), nameof(RegistryOptions.HtpasswdPath),
            nameof(RegistryOptions.TokenRealm), nameof(RegistryOptions.TokenService), nameof(RegistryOptions.TokenIssuer),
            nameof(RegistryOptions.TokenPublicKeyPath), nameof(RegistryOptions.AccessControlPath),
        ];
        string[] severalVariables = [.. access, nameof(RegistryOptions.Bucket), nameof(RegistryOptions.Database)];
        var options = typeof(RegistryOptions).GetProperties().Select(property => property.Name).Except(severalVariables).Order(StringComparer.Ordinal);
        var variables = VariableNames.All.Except([.. VariableNames.Authentication, VariableNames.File, "REGISTRY_BLOBS", .. VariableNames.Bucket, "REGISTRY_METADATA", .. VariableNames.Database]).Where(name => !name.StartsWith("REGISTRY_ACCESS_CONTROL_", StringComparison.Ordinal));

        Assert.Equal(options, variables.Select(name => Property(name).Name).Order(StringComparer.Ordinal));
        Assert.Distinct(VariableNames.All);
    }

    private static LoadedOptions Read(params (string Name, string Value)[] variables) =>
        OptionsReader.Read(variables.ToDictionary(variable => variable.Name, variable => variable.Value));

    // REGISTRY_UPLOAD_TIMEOUT → UploadTimeout.
    private static System.Reflection.PropertyInfo Property(string variable) => typeof(RegistryOptions).GetProperty(
        string.Concat(variable["REGISTRY_".Length..].Split('_').Select(word => word[..1] + word[1..].ToLowerInvariant())))!;
}
