using Microsoft.Extensions.Time.Testing;
using Registry.Server.Commands;
using Registry.Server.Commands.Progress;
using Registry.Server.Maintenance;

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
        using (var progress = new ProgressLine<int>(_output, () => 60, _time, done => new WorkDone("Work", done, 100, "blobs")))
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
            "\r[#####.....]  50 % 50 of 100 blobs, 500/s, 1s left: Work\r"
            + "\r[####################] 100 % 100 of 100 blobs, 100/s: Work\r"
            + $"\r{new string(' ', 58)}\r",
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

    [Theory]
    [InlineData(88, "[####################] 100 % 57.2 MiB of 57.2 MiB, 57.2 MiB/s: Verifying 12 of 12 blobs")]
    [InlineData(87, "[##########] 100 % 57.2 MiB of 57.2 MiB, 57.2 MiB/s: Verifying 12 of 12 blobs")]
    [InlineData(65, "100 % 57.2 MiB of 57.2 MiB, 57.2 MiB/s: Verifying 12 of 12 blobs")]
    [InlineData(64, "[####################] 100 % 57.2 MiB of 57.2 MiB, 57.2 MiB/s")]
    [InlineData(60, "[##########] 100 % 57.2 MiB of 57.2 MiB, 57.2 MiB/s")]
    [InlineData(39, "100 % 57.2 MiB of 57.2 MiB, 57.2 MiB/s")]
    [InlineData(38, "100 % 57.2 MiB of 57.2 MiB")]
    [InlineData(26, "[##########] 100 %")]
    [InlineData(5, "")]
    public void A_narrow_terminal_gets_a_shorter_bar_and_fewer_parts_but_no_part_is_cut(int columns, string expected)
    {
        var bytes = (long)(57.2 * MiB);
        using var progress = new ProgressLine<long>(_output, () => columns, _time, done => new WorkDone("Verifying 12 of 12 blobs", done, bytes));
        _time.Advance(TimeSpan.FromSeconds(1));
        progress.Report(bytes);
        Assert.Equal($"\r{expected}\r", _output.ToString());
    }

    [Theory]
    [InlineData(60, " 33 % 100.0 MiB of 300.0 MiB, 50.0 MiB/s, 4s left")]
    [InlineData(49, " 33 % 100.0 MiB of 300.0 MiB, 4s left")]
    [InlineData(37, " 33 % 100.0 MiB of 300.0 MiB")]
    public void The_time_that_is_left_stays_when_the_rate_goes(int columns, string expected)
    {
        using var progress = new ProgressLine<long>(_output, () => columns, _time, done => new WorkDone("Backing up", done, 300 * MiB));
        _time.Advance(TimeSpan.FromSeconds(2));
        progress.Report(100 * MiB);
        Assert.Equal($"\r{expected}\r", _output.ToString());
    }

    [Theory]
    [InlineData(21, "Removing: 1234 blobs")]
    [InlineData(20, "1234 blobs")]
    [InlineData(10, "")]
    public void Work_of_unknown_amount_loses_parts_on_a_narrow_terminal_as_well(int columns, string expected)
    {
        using var progress = new ProgressLine<int>(_output, () => columns, _time, done => new WorkDone("Removing", done, null, "blobs"));
        _time.Advance(TimeSpan.FromSeconds(1));
        progress.Report(1234);
        Assert.Equal($"\r{expected}\r", _output.ToString());
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
