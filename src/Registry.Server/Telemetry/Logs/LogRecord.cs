using System.Collections;

namespace Registry.Server.Telemetry.Logs;

/// <summary>Line of the log with a message for people and fields for programs.</summary>
internal sealed class LogRecord : IReadOnlyList<KeyValuePair<string, object?>>
{
    private readonly List<KeyValuePair<string, object?>> _fields = [];

    /// <summary>Message of the line.</summary>
    public string Text { get; set; } = string.Empty;

    public int Count => _fields.Count;

    public KeyValuePair<string, object?> this[int index] => _fields[index];

    /// <summary>Adds a field, unless its value is null or empty.</summary>
    public LogRecord Add(string name, object? value)
    {
        if (value is not (null or ""))
        {
            _fields.Add(new(name, value));
        }

        return this;
    }

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => _fields.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => Text;
}
