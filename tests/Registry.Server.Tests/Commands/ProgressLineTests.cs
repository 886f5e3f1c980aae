using Microsoft.Extensions.Time.Testing;
using Registry.Server.Commands;

namespace Registry.Server.Tests.Commands;

/// <summary>How far long work is, on a terminal and where lines are kept.</summary>
public sealed class ProgressLineTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly StringWriter _output = new() { NewLine = "\n" };

    public void Dispose() => _output.Dispose();

    [Fact]
    public void A_terminal_has_one_line_that_is_drawn_again_and_taken_away()
    {
        using (var progress = new ProgressLine<int>(_output, 40, _time, done => $"{done} blobs", done => done / 100.0))
        {
            progress.Report(1);
            Assert.Empty(_output.ToString());
            _time.Advance(TimeSpan.FromMilliseconds(100));
            progress.Report(50);
            progress.Report(51);
            _time.Advance(TimeSpan.FromMilliseconds(100));
            progress.Report(100);
        }

        Assert.Equal(
            "\r[##########..........]  50 % 50 blobs\r"
            + "\r[####################] 100 % 100 blobs\r"
            + $"\r{new string(' ', 38)}\r",
            _output.ToString());
    }

    [Fact]
    public void A_line_that_is_too_long_for_the_terminal_is_cut()
    {
        using var progress = new ProgressLine<string>(_output, 5, _time, text => text);
        _time.Advance(TimeSpan.FromSeconds(1));
        progress.Report("123456");
        Assert.Equal("\r1234\r", _output.ToString());
    }

    [Fact]
    public void Elsewhere_there_is_a_line_every_ten_seconds()
    {
        using (var progress = new ProgressLine<int>(_output, null, _time, done => $"{done} blobs"))
        {
            for (var second = 0; second <= 25; second++)
            {
                progress.Report(second);
                _time.Advance(TimeSpan.FromSeconds(1));
            }
        }

        Assert.Equal("10 blobs\n20 blobs\n", _output.ToString());
    }
}
