using System.Globalization;
using Registry.Core.Configuration;
using Registry.Server.Maintenance;

namespace Registry.Server.Commands.Progress;

/// <summary>
/// Progress line on a terminal: amount done, rate and time left. It is redrawn while the work runs, and removed at the end. A narrow terminal gets
/// fewer parts.
/// </summary>
/// <param name="output">Standard error, so that the result stays alone on standard output.</param>
/// <param name="columns">The width of the terminal.</param>
/// <param name="time">The clock.</param>
/// <param name="describe">Describes the progress.</param>
internal sealed class ProgressLine<T>(TextWriter output, Func<int> columns, TimeProvider time, Func<T, WorkDone> describe) : IProgress<T>, IDisposable
{
    // Few widths, so that a digit more in the figures seldom moves everything.
    private static readonly int[] BarWidths = [20, 10];
    private static readonly TimeSpan RedrawPeriod = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly WorkRate _rate = new(time);
    private long _drawnAt = time.GetTimestamp();
    private int _drawn;

    public void Report(T value)
    {
        lock (_lock)
        {
            if (time.GetElapsedTime(_drawnAt) < RedrawPeriod)
            {
                return;
            }

            _drawnAt = time.GetTimestamp();
            var done = describe(value);

            // A character in the last column would make some terminals begin another line.
            Draw(TextOf(done, _rate.Sample(done.Amount), columns() - 1));
        }
    }

    /// <summary>Removes the line.</summary>
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

    // The cursor stays at the beginning, so a line of the log overwrites this one.
    private void Draw(string text)
    {
        output.Write($"\r{text.PadRight(_drawn)}\r");
        output.Flush();
        _drawn = text.Length;
    }

    // The most that fits. No figure is cut: half a number, or a number without its unit, would be wrong.
    private static string TextOf(WorkDone done, double rate, int width)
    {
        var unit = done.Unit is null ? string.Empty : $" {done.Unit}";
        var speed = $", {Describe(rate)}/s";
        if (done.Total is not { } total)
        {
            var amount = $"{Describe(done.Amount)}{unit}";
            return First(width, $"{done.Text}: {amount}{speed}", $"{done.Text}: {amount}", amount);
        }

        var share = Math.Clamp(total == 0 ? 1 : (double)done.Amount / total, 0, 1);
        var percent = $"{(int)(share * 100),3} %";
        var figures = $"{percent} {Describe(done.Amount)} of {Describe(total)}{unit}";
        var left = WorkRate.TimeLeft(done, rate) is { } needed ? $", {Duration.Write(needed)} left" : string.Empty;
        var text = First(width, $"{figures}{speed}{left}: {done.Text}", $"{figures}{speed}{left}", $"{figures}{left}", figures, percent);
        return First(width, [.. BarWidths.Select(cells => $"{Bar(share, cells)} {text}"), text]);

        string Describe(double number) => done.Unit is null ? ByteSize.Describe(number) : number.ToString("0", CultureInfo.InvariantCulture);
    }

    private static string First(int width, params ReadOnlySpan<string> texts)
    {
        foreach (var text in texts)
        {
            if (text.Length <= width)
            {
                return text;
            }
        }

        return string.Empty;
    }

    private static string Bar(double share, int cells)
    {
        var filled = (int)(share * cells);
        return $"[{new string('#', filled)}{new string('.', cells - filled)}]";
    }
}
