using System.Diagnostics;
using System.Globalization;
using System.Text;
using Registry.Bench.Peers;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Bench.Targets;

/// <summary>Samples the processor time of a process with <c>perf record</c>.</summary>
internal sealed class Profiler : IDisposable
{
    private const string Program = "perf";
    private const int Frequency = 999;
    private const int Functions = 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new("profile");
    private readonly BackgroundProcess _recording;

    // perf begins when it is told to, and acknowledges that: the work must not be over before perf has attached itself.
    private Profiler(int process)
    {
        var (control, acknowledgements) = (_folder.File("control"), _folder.File("acknowledgements"));
        using (var fifos = Process.Start("mkfifo", [control, acknowledgements]))
        {
            fifos.WaitForExit();
        }

        _recording = BackgroundProcess.Start(Program, [
            "record", "--event", "cpu-clock", "--freq", $"{Frequency}", "--pid", $"{process}", "--output", Data, "--delay=-1",
            $"--control=fifo:{control},{acknowledgements}",
        ]);
        var begun = Task.Run(() =>
        {
            using var command = new StreamWriter(new FileStream(control, FileMode.Open, FileAccess.Write));
            using var answer = new StreamReader(new FileStream(acknowledgements, FileMode.Open, FileAccess.Read));
            command.Write("enable\n");
            command.Flush();
            answer.ReadLine();
        });
        if (!begun.Wait(Patience))
        {
            throw new InvalidOperationException($"perf does not record: {_recording.Output}");
        }
    }

    private string Data => Path.Combine(_folder.Path, "perf.data");

    /// <summary>Checks that perf is installed.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public static void Require()
    {
        if (Programs.Find(Program) is null)
        {
            throw new ArgumentException("--profile needs perf (apt-get install linux-perf).");
        }
    }

    /// <summary>Begins.</summary>
    public static Profiler Start(int process) => new(process);

    /// <summary>Ends.</summary>
    /// <returns>Shares of the time by thread and by function.</returns>
    public string Finish()
    {
        _recording.TerminateAsync(Patience).GetAwaiter().GetResult();
        return $"{Shares("comm", 8)}\n{Shares("symbol,dso", Functions)}";
    }

    public void Dispose()
    {
        _recording.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _folder.Dispose();
    }

    private string Shares(string sort, int rows)
    {
        using var report = Process.Start(new ProcessStartInfo(Program, ["report", "--stdio", "--no-children", "--percent-limit", "0.3", "--sort", sort, "--input", Data])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var texts = Task.WhenAll(report.StandardOutput.ReadToEndAsync(), report.StandardError.ReadToEndAsync()).GetAwaiter().GetResult();
        report.WaitForExit();
        var text = new StringBuilder();
        foreach (var line in texts[0].Split('\n').Where(line => line.Length > 0 && line[0] != '#').Take(rows))
        {
            // Without the columns for instructions a cycle, which this event does not count, and without the room for the longest name.
            var columns = line.Trim(' ', '-').Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            text.Append(CultureInfo.InvariantCulture, $"{columns[0],7}  {string.Join("  ", columns[1..])}\n");
        }

        return text.Length > 0 ? text.ToString() : $"perf reports nothing: {texts[1]}\n";
    }
}
