using System.Text.RegularExpressions;
using Registry.Torture.Sieges;

namespace Registry.Torture.Nodes;

/// <summary>Watches the log of a node: it has no stack trace and no fatal line, and only the errors that faults of the stores explain.</summary>
internal sealed partial class NodeLog
{
    private const int KeptLines = 40;

    private readonly Lock _lock = new();
    private readonly Queue<string> _last = new();
    private string? _wrong;
    private int _errors;

    /// <summary>Number of expected lines of the level error.</summary>
    public int Errors => _errors;

    /// <summary>Last lines, but for those of every change, collection and start.</summary>
    public string Last
    {
        get
        {
            lock (_lock)
            {
                return string.Join('\n', _last);
            }
        }
    }

    /// <summary>Reads a line.</summary>
    public void Observe(string line)
    {
        lock (_lock)
        {
            if (line.Contains(" audit: ", StringComparison.Ordinal) || Routine().IsMatch(line))
            {
                return;
            }

            _last.Enqueue(line);
            if (_last.Count > KeptLines)
            {
                _last.Dequeue();
            }

            var isError = Error().IsMatch(line);
            _errors += isError ? 1 : 0;
            if (_wrong is null && (ServerLog.IsBroken(line) || (isError && !Expected().IsMatch(line))))
            {
                _wrong = line;
            }
        }
    }

    /// <summary>Throws if a line must not be there.</summary>
    /// <exception cref="ViolationException">There is one.</exception>
    public void Check()
    {
        if (_wrong is { } line)
        {
            throw new ViolationException($"the log has a line that no fault explains: {line}");
        }
    }

    [GeneratedRegex(@"^\S+Z info  Garbage collection: |^  docker |^Push your first image|^$")]
    private static partial Regex Routine();

    [GeneratedRegex(@"^\S+Z error ")]
    private static partial Regex Error();

    // A request that a store could not serve, their number, work in the background that the next turn repeats, the circuit of the bucket, and a node that is not ready.
    [GeneratedRegex(
        "could not be served by the storage|Requests that the storage cannot serve, |failed and will be tried again: |Requests that need it are refused until it works"
        + "|The registry is not ready, because its storage cannot be used: ")]
    private static partial Regex Expected();
}
