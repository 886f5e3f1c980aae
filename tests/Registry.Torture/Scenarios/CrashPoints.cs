using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Registry.Testing;
using Registry.Testing.Connections;
using Registry.Testing.Processes;
using Registry.Torture.Faults;
using Registry.Torture.Load;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Kills the server at each system call that changes files, from the first to the last of a scripted push, delete and collection, and of its
/// start and stop.
/// </summary>
public sealed class CrashPoints : IScenario
{
    private const int Trials = 3;
    private const int Named = 5;

    public string Name => "crash-points";

    public string Rows => "1";

    public string Subject => "SIGKILL at each mutating system call of a push, a delete, a collection, a start and a stop";

    public IReadOnlyList<(string Program, string Package)> Needs => [("strace", "strace")];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        using var folders = new TemporaryFolder("crash");
        var script = await Script.PrepareAsync(folders.Folder("template"));
        var recording = await CallRecording.MakeAsync(script, folders);
        var points = run.Choose(recording.Points, 3);
        var struck = new ConcurrentDictionary<string, int>();
        var notJudged = new ConcurrentQueue<(FaultPoint Point, string Failure)>();
        int done = 0, repeated = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 2 * Environment.ProcessorCount };
        await Parallel.ForEachAsync(points, parallel, async (point, _) =>
        {
            if (run.IsOver)
            {
                return;
            }

            for (var trial = 1; trial <= Trials; trial++)
            {
                var start = Stopwatch.GetTimestamp();
                try
                {
                    if (await RunAsync(script, point) is { } place)
                    {
                        struck.AddOrUpdate(place, 1, (_, count) => count + 1);
                    }

                    break;
                }
                catch (Exception e) when (IsFailure(e) && Stopwatch.GetElapsedTime(start) > Script.Grace)
                {
                    // On a busy machine: what was promised for the grace period is collected rightly.
                    Interlocked.Increment(ref repeated);
                    if (trial == Trials)
                    {
                        notJudged.Enqueue((point, e.Message));
                    }
                }
                catch (Exception e) when (IsFailure(e))
                {
                    throw new ViolationException($"{point}: {e.Message}", point.ToString());
                }
            }

            if (Interlocked.Increment(ref done) % 50 == 0)
            {
                run.Report($"{Name}: {done} of {points.Count} points");
            }
        });
        CheckJudged(notJudged);
        return $"{done} of {recording.Points.Count} points, {struck.Values.Sum()} kills at {struck.Count} of {recording.Places.Count} kinds of calls"
            + (repeated > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {repeated} trials repeated, which took longer than {Script.Grace.TotalSeconds} s") : string.Empty);
    }

    private static bool IsFailure(Exception e) => e is ViolationException or InvalidOperationException or TimeoutException || e.IsLostConnection();

    private static void CheckJudged(ConcurrentQueue<(FaultPoint Point, string Failure)> notJudged)
    {
        if (!notJudged.IsEmpty)
        {
            var (point, failure) = notJudged.First();
            throw new ViolationException(
                $"{notJudged.Count} points are not judged, because each of {Trials} trials failed after more than the grace period of {Script.Grace.TotalSeconds} s, in which "
                + $"content may be collected rightly: {string.Join(", ", notJudged.Take(Named).Select(one => one.Point))}. Run them on a machine that is less busy. "
                + $"The first one, the last time: {failure}",
                point.ToString());
        }
    }

    // The call at which it was killed; null if it was not.
    private static async Task<string?> RunAsync(Script script, FaultPoint point)
    {
        using var folders = new TemporaryFolder("crash");
        var folder = folders.Folder("data");
        var log = folders.File("strace.log");
        var ledger = await script.CopyAsync(folder);
        await UseAsync(script, point, folder, log, ledger);
        await using var again = await RegistryProcess.StartAsync(folder, Script.Settings);
        using var after = new LedgerClient(again.BaseAddress, ledger);
        await after.CheckAsync();
        await script.PushAgainAsync(after);
        await after.CheckAsync();
        if (await again.StopAsync() != 0)
        {
            throw new ViolationException($"the server did not stop in good order:\n{again.Output}");
        }

        BlobFolder.Check(folder);
        return FaultedServer.FindStruck(log, folder);
    }

    // Runs until the server is killed, at its start or later; to the end of the script if it is not.
    private static async Task UseAsync(Script script, FaultPoint point, string folder, string log, Ledger ledger)
    {
        FaultedServer server;
        try
        {
            server = await FaultedServer.StartAsync(folder, point, "signal=KILL", log);
        }
        catch (InvalidOperationException) when (point.Role == FaultPoint.Start)
        {
            return;
        }

        await using (server)
        {
            using var client = new LedgerClient(server.Process.BaseAddress, ledger);
            try
            {
                await script.RunAsync(client, server.Process, folder);
                await server.Process.StopAsync();
            }
            catch (Exception e) when (server.Process.Explains(e))
            {
                // Killed, as intended.
            }
        }
    }
}
