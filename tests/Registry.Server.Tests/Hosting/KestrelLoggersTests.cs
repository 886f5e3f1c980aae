using Microsoft.Extensions.Logging;
using Registry.Server.Hosting.Kestrel;

namespace Registry.Server.Tests.Hosting;

/// <summary>Kestrel's logs: what clients cause is no fault of the server.</summary>
public sealed class KestrelLoggersTests
{
    // Kestrel logs this for some connections with rapid resets of HTTP/2, with any application.
    [Theory]
    [InlineData("ApplicationNeverCompleted", LogLevel.Debug)]
    [InlineData("ApplicationError", LogLevel.Critical)]
    public void A_connection_that_Kestrel_never_completes_is_no_fatal_line(string name, LogLevel expected)
    {
        using var log = new RecordedLog();
        using var factory = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(log));
        using var kestrel = new KestrelLoggers(factory);
        kestrel.CreateLogger("Kestrel").Log(LogLevel.Critical, new EventId(23, name), "connection 1", null, (line, _) => line);

        var entry = Assert.Single(log.Entries);
        Assert.Equal(expected, entry.Level);
        Assert.StartsWith("connection 1", entry.Message, StringComparison.Ordinal);
    }
}
