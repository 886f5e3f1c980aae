using Microsoft.Extensions.Time.Testing;
using Registry.Server.Commands;

namespace Registry.Server.Tests.Commands;

/// <summary>Progress of long work on a terminal.</summary>
public sealed class ProgressLineTests : IDisposable
{
    private const long MiB = 1024 * 1024;

    private readonly FakeTimeProvider _time = new();
    private readonly StringWriter _output = new() { NewLine = "\n" };

    public void Dispose() => _output.Dispose();

    [Fact]
    public void One_line_is_drawn_again_and_taken_away_at_the_end()
    {
        using (var progress = new ProgressLine<int>(_output, () => 40, _time, done => new WorkDone("Work", done, 100, "blobs")))
        {
            progress.Report(1);
            Assert.Empty(_output.ToString());
            _time.Advance(TimeSpan.FromMilliseconds(100));
            progress.Report(50);
            progress.Report(51);
            _time.Advance(TimeSpan.FromMilliseconds(900));
            progress.Report(100);
        }

        Assert.Equal(
            "\r[##########..........]  50 % 50 of 100 \r"
            + "\r[####################] 100 % 100 of 100\r"
            + $"\r{new string(' ', 39)}\r",
            _output.ToString());
    }

    [Fact]
    public void Bytes_have_units_a_rate_and_the_time_that_is_left()
    {
        using var progress = new ProgressLine<long>(_output, () => 200, _time, done => new WorkDone("Backing up 1 of 9 blobs", done, 300 * MiB));
        _time.Advance(TimeSpan.FromSeconds(2));
        progress.Report(100 * MiB);

        Assert.Equal("\r[######..............]  33 % 100.0 MiB of 300.0 MiB, 50.0 MiB/s, 4s left: Backing up 1 of 9 blobs\r", _output.ToString());
    }

    [Fact]
    public void The_rate_is_that_of_the_last_ten_seconds()
    {
        using var progress = new ProgressLine<long>(_output, () => 200, _time, done => new WorkDone("Work", done, null, "blobs"));
        foreach (var (second, done) in new[] { (5, 5000L), (5, 5000L), (5, 5000L), (5, 5100L) })
        {
            _time.Advance(TimeSpan.FromSeconds(second));
            progress.Report(done);
        }

        Assert.EndsWith("\rWork: 5100 blobs, 10/s\r", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_is_too_long_for_the_terminal_is_cut()
    {
        using var progress = new ProgressLine<int>(_output, () => 5, _time, done => new WorkDone("123456", done));
        _time.Advance(TimeSpan.FromSeconds(1));
        progress.Report(1);
        Assert.Equal("\r1234\r", _output.ToString());
    }

    [Fact]
    public async Task It_is_gone_before_the_result_is_printed_and_is_not_there_for_JSON_or_without_a_terminal()
    {
        Assert.Equal("\rWork: 1 B\r\r         \rresult\n", await RunAsync(isJson: false, new Terminal { ErrorColumns = () => 10 }));
        Assert.Equal("result\n", await RunAsync(isJson: true, new Terminal { ErrorColumns = () => 10 }));
        Assert.Equal("result\n", await RunAsync(isJson: false, Terminal.None));
    }

    // Standard output and standard error on one terminal.
    private static async Task<string> RunAsync(bool isJson, Terminal terminal)
    {
        using var screen = new StringWriter { NewLine = "\n" };
        var time = new FakeTimeProvider();
        var context = new CommandContext(new Dictionary<string, string>(), screen, screen, _ => throw new InvalidOperationException("No log."), terminal, time);
        var result = await context.WithProgressAsync<long, string>(isJson, done => new WorkDone("Work", done), progress =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            progress?.Report(1);
            return Task.FromResult("result");
        });
        context.Output.WriteLine(result);
        return screen.ToString();
    }
}
