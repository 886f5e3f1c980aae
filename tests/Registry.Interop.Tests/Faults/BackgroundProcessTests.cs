using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Faults;

/// <summary>Programs that tests and benchmarks start: they end with the process that started them, and not before.</summary>
public sealed class BackgroundProcessTests
{
    [Fact]
    public async Task A_program_gets_a_signal_when_the_process_that_started_it_dies()
    {
        await using var process = BackgroundProcess.Start("setpriv", ["--dump"]);

        Assert.Equal(0, await process.WaitForExitAsync(Patience.Limit));

        Assert.Contains("Parent death signal: TERM", process.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_survives_the_thread_that_asked_for_it()
    {
        BackgroundProcess? started = null;
        var thread = new Thread(() => started = BackgroundProcess.Start("sleep", ["3600"]));
        thread.Start();
        thread.Join();
        await using var sleeping = started!;

        await using var later = BackgroundProcess.Start("true", []);
        Assert.Equal(0, await later.WaitForExitAsync(Patience.Limit));

        Assert.False(sleeping.HasExited);
    }
}
