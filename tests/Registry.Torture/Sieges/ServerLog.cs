using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Registry.Torture.Sieges;

/// <summary>Watches the log of an attacked registry: it has no stack trace and no fatal line, and does not grow with the attack.</summary>
/// <param name="findings">Receives what must not be in it.</param>
internal sealed partial class ServerLog(Findings findings)
{
    // Of the attacks here, only logins have lines: eleven a minute for each of eight addresses. The other lines are the server's own.
    private const int LinesAtFirst = 100;
    private const int LinesPerMinute = 200;

    // Lines before a stack trace, which say what happened, and its frames.
    private const int LinesOfTrace = 24;
    private const int LinesBefore = 3;

    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly List<string> _trace = [];
    private bool _hasTrace;
    private int _lines;

    /// <summary>Number of lines, but for audit lines: those are one for each change, as promised.</summary>
    public int Lines => _lines;

    /// <summary>The first stack trace, with the lines before it; empty without one.</summary>
    public string Trace { get; private set; } = string.Empty;

    /// <summary>Reads a line.</summary>
    public void Observe(string line)
    {
        Follow(line);
        if (IsBroken(line))
        {
            findings.Add("the log has no stack trace and no fatal line", line);
        }

        if (!line.Contains(" audit: ", StringComparison.Ordinal))
        {
            _lines++;
            if (_lines > LinesAtFirst + (LinesPerMinute * Stopwatch.GetElapsedTime(_start).TotalMinutes))
            {
                findings.Add("the log does not grow with the attack", line);
            }
        }
    }

    private void Follow(string line)
    {
        if (_trace.Count == LinesOfTrace)
        {
            return;
        }

        _trace.Add(line);
        if (_hasTrace |= IsBroken(line))
        {
            Trace = string.Join('\n', _trace);
        }
        else if (_trace.Count > LinesBefore)
        {
            _trace.RemoveAt(0);
        }
    }

    /// <summary>True for a line of a stack trace, and for one of the level fatal.</summary>
    public static bool IsBroken(string line) => Broken().IsMatch(line);

    [GeneratedRegex(@"^\s+at |^\S+Z fatal |Unhandled exception|OutOfMemory|Fatal error", RegexOptions.IgnoreCase)]
    private static partial Regex Broken();
}
