using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Registry.Server.Telemetry.Metrics;

namespace Registry.Server.Hosting.Kestrel;

/// <summary>
/// Kestrel's logs, without errors about clients that go away. Kestrel reports some ends of connections as errors with a stack trace, and a
/// client could fill the log with them; here they are logged at the level debug and counted. So are connections whose processing never ended:
/// rapid resets of HTTP/2 leave some, with any application, and Kestrel notices them when their memory is reclaimed.
/// </summary>
internal sealed class KestrelLoggers(ILoggerFactory inner, RequestMetrics? metrics = null) : ILoggerFactory
{
    private const string NeverCompleted = "ApplicationNeverCompleted";

    public ILogger CreateLogger(string categoryName) => new Logger(inner.CreateLogger(categoryName), metrics);

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose()
    {
        // The program owns the factory.
    }

    /// <summary>True when an exception reports the end of a connection rather than a fault of the server.</summary>
    internal static bool IsEnd(Exception? exception) => exception switch
    {
        null => false,
        AggregateException many => many.InnerExceptions.All(IsEnd),
        ConnectionResetException or ConnectionAbortedException or SocketException => true,
        IOException => exception.InnerException is null or SocketException or ObjectDisposedException || IsEnd(exception.InnerException),
        _ => false,
    };

    private sealed class Logger(ILogger inner, RequestMetrics? metrics) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel <= LogLevel.Debug || (!IsEnd(exception) && eventId.Name != NeverCompleted))
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
                return;
            }

            metrics?.ConnectionLost();
            if (inner.IsEnabled(LogLevel.Debug))
            {
                inner.Log(LogLevel.Debug, eventId, state, null, (line, _) => $"{formatter(line, null)} {exception?.Message}");
            }
        }
    }
}
