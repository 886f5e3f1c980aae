using System.Collections;

namespace Registry.Server.Telemetry;

/// <summary>A line of the log that has fields beside its sentence; programs read the fields, people the sentence.</summary>
internal sealed class LogRecord : IReadOnlyList<KeyValuePair<string, object?>>
{
    private readonly List<KeyValuePair<string, object?>> _fields = [];

    /// <summary>The sentence.</summary>
    public string Text { get; set; } = string.Empty;

    public int Count => _fields.Count;

    public KeyValuePair<string, object?> this[int index] => _fields[index];

    /// <summary>Adds a field, unless it has nothing to say.</summary>
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
