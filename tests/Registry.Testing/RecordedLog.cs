using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Server.Telemetry.Logs;

namespace Registry.Testing;

/// <summary>Records log entries for tests.</summary>
public sealed class RecordedLog : ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, string Message, Exception? Exception)> _entries = new();
    private readonly ConcurrentQueue<string> _jsonLines = new();

    /// <summary>The entries so far, oldest first.</summary>
    public IReadOnlyList<(LogLevel Level, string Message, Exception? Exception)> Entries => [.. _entries];

    /// <summary>The entries so far as REGISTRY_LOG_FORMAT=json prints them, oldest first.</summary>
    public IReadOnlyList<string> JsonLines => [.. _jsonLines];

    public ILogger CreateLogger(string categoryName) => new Recorder(this, categoryName);

    public void Dispose()
    {
        _entries.Clear();
        _jsonLines.Clear();
    }

    private sealed class Recorder(RecordedLog log, string category) : ILogger
    {
        private static readonly JsonFormatter Formatter = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            ArgumentNullException.ThrowIfNull(formatter);
            log._entries.Enqueue((logLevel, formatter(state, exception), exception));
            using var writer = new StringWriter();
            Formatter.Write(new LogEntry<TState>(logLevel, category, eventId, state, exception, formatter), null, writer);
            log._jsonLines.Enqueue(writer.ToString());
        }
    }
}
