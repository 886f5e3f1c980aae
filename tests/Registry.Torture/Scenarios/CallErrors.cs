using System.Collections.Concurrent;
using Registry.Testing;
using Registry.Testing.Connections;
using Registry.Torture.Faults;

namespace Registry.Torture.Scenarios;

/// <summary>Makes each system call that changes files fail once, with each error of disks.</summary>
public sealed class CallErrors : IScenario
{
    private static readonly string[] Errors = ["EIO", "ENOSPC", "EDQUOT"];

    public string Name => "errors";

    public string Rows => "3, 4";

    public string Subject => "each mutating system call × EIO, ENOSPC, EDQUOT";

    public IReadOnlyList<(string Program, string Package)> Needs => [("strace", "strace")];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        using var folders = new TemporaryFolder("errors");
        var script = await Script.PrepareAsync(folders.Folder("template"));
        var recording = await CallRecording.MakeAsync(script, folders);
        var failures = run.Choose([.. recording.Points.SelectMany(point => Errors.Select(error => new Failure(point, error)))], 3);
        var struck = new ConcurrentDictionary<string, int>();
        int done = 0, refused = 0, stopped = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 2 * Environment.ProcessorCount };
        await Parallel.ForEachAsync(failures, parallel, async (failure, _) =>
        {
            if (run.IsOver)
            {
                return;
            }

            using var folders = new TemporaryFolder("errors");
            var trial = new ErrorTrial(script, failure.Point, failure.Error, folders);
            try
            {
                await trial.RunAsync();
            }
            catch (Exception e) when (e is ViolationException or InvalidOperationException or TimeoutException || e.IsLostConnection())
            {
                throw new ViolationException($"{failure}: {trial.Struck}: {e.Message}\n{trial.Output}", failure.ToString());
            }

            Interlocked.Add(ref refused, trial.Refused);
            Interlocked.Add(ref stopped, trial.WritesStopped ? 1 : 0);
            if (trial.Struck is { } place)
            {
                struck.AddOrUpdate($"{place} {failure.Error}", 1, (_, count) => count + 1);
            }

            if (Interlocked.Increment(ref done) % 50 == 0)
            {
                run.Report($"{Name}: {done} of {failures.Count}");
            }
        });
        return $"{done} of {recording.Points.Count * Errors.Length} errors, {struck.Values.Sum()} met at {struck.Count} of "
            + $"{recording.Places.Count * Errors.Length} kinds of calls; {refused} requests refused, {stopped} times writes stopped";
    }

    private sealed record Failure(FaultPoint Point, string Error)
    {
        public override string ToString() => $"{Point}:{Error}";
    }
}
