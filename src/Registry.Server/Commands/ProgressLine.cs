namespace Registry.Server.Commands;

/// <summary>
/// Shows how far long work is: one line that is drawn again and again on a terminal, and a plain line every 10 seconds where the output is kept.
/// </summary>
/// <param name="output">Standard error, so that what was asked for stays alone on standard output.</param>
/// <param name="columns">The width of the terminal; null without one.</param>
/// <param name="time">The time.</param>
/// <param name="describe">How far it is, in words.</param>
/// <param name="share">How much of it is done, from 0 to 1; null when nobody knows.</param>
internal sealed class ProgressLine<T>(TextWriter output, int? columns, TimeProvider time, Func<T, string> describe, Func<T, double>? share = null)
    : IProgress<T>, IDisposable
{
    private const int BarWidth = 20;
    private static readonly TimeSpan RedrawPeriod = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LinePeriod = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long _written = time.GetTimestamp();
    private int _drawn;

    /// <summary>For the standard error of this process.</summary>
    public static ProgressLine<T> OnError(Func<T, string> describe, Func<T, double>? share = null) =>
        new(Console.Error, Console.IsErrorRedirected ? null : Console.WindowWidth, TimeProvider.System, describe, share);

    public void Report(T value)
    {
        lock (_lock)
        {
            if (time.GetElapsedTime(_written) < (columns is null ? LinePeriod : RedrawPeriod))
            {
                return;
            }

            _written = time.GetTimestamp();
            var text = share is null ? describe(value) : $"{Bar(share(value))} {describe(value)}";
            if (columns is { } width)
            {
                Draw(text.Length < width ? text : text[..Math.Max(0, width - 1)]);
            }
            else
            {
                output.WriteLine(text);
            }
        }
    }

    /// <summary>Takes the line away; what has come out is said by others.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_drawn > 0)
            {
                Draw(string.Empty);
            }
        }
    }

    // The cursor waits at the beginning, so that a line of the log overwrites this one.
    private void Draw(string text)
    {
        output.Write($"\r{text.PadRight(_drawn)}\r");
        output.Flush();
        _drawn = text.Length;
    }

    private static string Bar(double share)
    {
        var done = Math.Clamp(share, 0, 1);
        var filled = (int)(done * BarWidth);
        return $"[{new string('#', filled)}{new string('.', BarWidth - filled)}] {(int)(done * 100),3} %";
    }
}
