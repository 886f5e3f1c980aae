using System.Globalization;
using Microsoft.Extensions.Logging;
using Registry.Files.Watching;
using Registry.Server.Configuration;

namespace Registry.Server.Tls;

/// <summary>
/// TLS files of a running registry. New connections use a renewed certificate as soon as it is noticed. When it cannot be used, the last
/// valid one stays in use.
/// </summary>
internal sealed partial class TlsFiles : IReloadable, IAsyncDisposable
{
    /// <summary>Time before the expiry at which the operator is warned. Automatic renewals happen earlier.</summary>
    public static readonly TimeSpan Notice = TimeSpan.FromDays(14);

    /// <summary>Time between two calls of <see cref="CheckAsync"/>.</summary>
    public static readonly TimeSpan CheckPeriod = TimeSpan.FromDays(1);

    private readonly WatchedFile<TlsIdentity> _identity;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    private TlsFiles(IReadOnlyList<string> paths, TimeProvider time, ILoggerFactory loggers)
    {
        _time = time;
        _logger = loggers.CreateLogger<TlsFiles>();
        _identity = new WatchedFile<TlsIdentity>(paths, Read, time, _logger);
    }

    /// <summary>Identity in use.</summary>
    public TlsIdentity Identity => _identity.Value;

    /// <summary>Reads the configured files; null without TLS.</summary>
    /// <exception cref="StartupException">They cannot be used.</exception>
    public static TlsFiles? Open(RegistryOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        if (options is not { TlsCert: { } certificate, TlsKey: { } key })
        {
            return null;
        }

        try
        {
            return new TlsFiles(options.TlsClientCa is { } clientCa ? [certificate, key, clientCa] : [certificate, key], time, loggers);
        }
        catch (UnusableFileException e)
        {
            throw new StartupException($"TLS cannot start with REGISTRY_TLS_CERT {certificate} and REGISTRY_TLS_KEY {key}: {e.Message}", e);
        }
    }

    /// <summary>Returns why the certificate needs attention; null when it does not.</summary>
    public string? Concern(DateTimeOffset now)
    {
        var certificate = Identity.Certificate;
        return Concern(certificate.NotBefore, certificate.NotAfter, now);
    }

    /// <inheritdoc/>
    public ReloadOutcome Reload() => _identity.Reload();

    /// <summary>Warns when the certificate needs attention.</summary>
    public Task CheckAsync(CancellationToken cancellationToken)
    {
        Warn(Identity);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => _identity.DisposeAsync();

    private static string? Concern(DateTimeOffset notBefore, DateTimeOffset notAfter, DateTimeOffset now) =>
        now < notBefore ? $"is not valid before {Utc(notBefore)}, so clients refuse it; check the clock of this machine, or install a certificate that is valid now"
        : now >= notAfter ? $"expired on {Utc(notAfter)}, so clients refuse it; renew it, no restart is needed"
        : notAfter - now < Notice ? $"expires on {Utc(notAfter)}; renew it, no restart is needed"
        : null;

    private static string Utc(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private TlsIdentity Read(IReadOnlyList<byte[]> files)
    {
        var identity = TlsIdentity.Read(files);
        Warn(identity);
        return identity;
    }

    private void Warn(TlsIdentity identity)
    {
        if (Concern(identity.Certificate.NotBefore, identity.Certificate.NotAfter, _time.GetUtcNow()) is { } concern)
        {
            LogConcern(identity.Certificate.Subject, concern);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The certificate {Subject} of REGISTRY_TLS_CERT {Concern}")]
    private partial void LogConcern(string subject, string concern);
}
