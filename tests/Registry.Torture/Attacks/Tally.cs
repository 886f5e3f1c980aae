using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Registry.Testing;

namespace Registry.Torture.Attacks;

/// <summary>Counts of an attack: its connections, the statuses of the answers it has read, and connections that the registry closed.</summary>
internal sealed class Tally
{
    private const string Connections = "connections";
    private const string Lost = "closed or refused";

    private readonly ConcurrentDictionary<string, int> _counts;
    private readonly TaskCompletionSource _beginning = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Tally()
        : this([])
    {
    }

    private Tally(Dictionary<string, int> counts) => _counts = new(counts, StringComparer.Ordinal);

    /// <summary>Reads the line that <see cref="ToLine"/> wrote.</summary>
    public static Tally Parse(string line) => new(JsonSerializer.Deserialize<Dictionary<string, int>>(line)!);

    /// <summary>Ends when a connection was opened or refused.</summary>
    public Task Beginning => _beginning.Task;

    /// <summary>True when a connection was opened or refused.</summary>
    public bool HasBegun => Beginning.IsCompleted;

    public void Connected()
    {
        Add(Connections);
        _beginning.TrySetResult();
    }

    public void Answered(Answer answer) => Add(answer.Status.ToString(CultureInfo.InvariantCulture));

    public void WasClosed()
    {
        Add(Lost);
        _beginning.TrySetResult();
    }

    public void Add(string what, int count = 1) => _counts.AddOrUpdate(what, count, (_, before) => before + count);

    /// <summary>Number of answers with a status, or of another event.</summary>
    public int this[string what] => _counts.GetValueOrDefault(what);

    /// <summary>The counts as one line of JSON.</summary>
    public string ToLine() => JsonSerializer.Serialize(_counts);

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", _counts.OrderByDescending(count => count.Key == Connections).ThenBy(count => count.Key, StringComparer.Ordinal)
        .Select(count => char.IsAsciiDigit(count.Key[0]) ? $"{count.Value} × {count.Key}" : $"{count.Value} {count.Key}"));
}
