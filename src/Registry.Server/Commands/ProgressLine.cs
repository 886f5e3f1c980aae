using System.Globalization;
using Registry.Server.Configuration;

namespace Registry.Server.Commands;

/// <summary>
/// Progress line on a terminal: amount done, rate and time left. It is redrawn while the work runs, and removed at the end.
/// </summary>
/// <param name="output">Standard error, so that the result stays alone on standard output.</param>
/// <param name="columns">The width of the terminal.</param>
/// <param name="time">The clock.</param>
/// <param name="describe">Describes the progress.</param>
internal sealed class ProgressLine<T>(TextWriter output, Func<int> columns, TimeProvider time, Func<T, WorkDone> describe) : IProgress<T>, IDisposable
{
    private const int BarWidth = 20;
    private static readonly TimeSpan RedrawPeriod = TimeSpan.FromMilliseconds(100);

    // The rate since the start would hide that the disk has become slow; the rate since the last line would jump.
    private static readonly TimeSpan RateWindow = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Queue<(long At, long Amount)> _samples = new([(time.GetTimestamp(), 0)]);
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
            var text = TextOf(done, RateOf(done.Amount));
            Draw(text.Length < columns() ? text : text[..Math.Max(0, columns() - 1)]);
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

    // Per second, over the last samples.
    private double RateOf(long amount)
    {
        while (_samples.Count > 1 && time.GetElapsedTime(_samples.Peek().At, _drawnAt) > RateWindow)
        {
            _samples.Dequeue();
        }

        var (at, before) = _samples.Peek();
        _samples.Enqueue((_drawnAt, amount));
        return (amount - before) / Math.Max(time.GetElapsedTime(at, _drawnAt).TotalSeconds, RedrawPeriod.TotalSeconds);
    }

    private static string TextOf(WorkDone done, double rate)
    {
        var isBytes = done.Unit is null;
        var amount = Describe(done.Amount);
        if (done.Total is not { } total)
        {
            return $"{done.Text}: {amount}{(isBytes ? "" : $" {done.Unit}")}, {Describe(rate)}/s";
        }

        // The least important part is last, where a narrow terminal cuts the line.
        var left = rate > 0 && total > done.Amount ? $", {Duration.Write(TimeSpan.FromSeconds(Math.Ceiling((total - done.Amount) / rate)))} left" : string.Empty;
        return $"{Bar(total == 0 ? 1 : (double)done.Amount / total)} {amount} of {Describe(total)}{(isBytes ? "" : $" {done.Unit}")}, {Describe(rate)}/s{left}: {done.Text}";

        string Describe(double number) => isBytes ? ByteSize.Describe(number) : number.ToString("0", CultureInfo.InvariantCulture);
    }

    private static string Bar(double share)
    {
        var done = Math.Clamp(share, 0, 1);
        var filled = (int)(done * BarWidth);
        return $"[{new string('#', filled)}{new string('.', BarWidth - filled)}] {(int)(done * 100),3} %";
    }
}
