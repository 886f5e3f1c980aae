using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Server.Api.Maintenance;
using Registry.Storage;

namespace Registry.Server.Maintenance;

/// <summary>
/// Maintenance that people ask a running registry for, one job at a time in a process. The last ones are remembered until the process ends, only the last one with
/// its lists.
/// </summary>
/// <param name="storage">The storage.</param>
/// <param name="core">The core on the storage.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Log of the jobs.</param>
internal sealed partial class MaintenanceJobs(RegistryStorage storage, RegistryCore core, TimeProvider time, ILogger<MaintenanceJobs> logger) : IAsyncDisposable
{
    /// <summary>Number of jobs that are remembered.</summary>
    public const int Remembered = 20;

    private static readonly Dictionary<string, long> NoNumbers = [];

    private readonly Lock _lock = new();
    private readonly List<MaintenanceJob> _jobs = [];
    private CancellationTokenSource? _cancellation;
    private Task _running = Task.CompletedTask;
    private bool _isStopping;

    /// <summary>The jobs, the last one first.</summary>
    public IReadOnlyList<MaintenanceJob> List()
    {
        lock (_lock)
        {
            return [.. _jobs];
        }
    }

    /// <summary>Finds a job by its number.</summary>
    /// <returns>The job, or 404.</returns>
    public Result<MaintenanceJob> Find(long id) => List().FirstOrDefault(job => job.Id == id) is { } found
        ? found
        : new RegistryError(RegistryErrorCode.JobUnknown, $"this process remembers its last {Remembered} jobs, and {id} is none of them");

    /// <summary>Starts a job.</summary>
    /// <param name="work">The work.</param>
    /// <param name="origin">Who asks for it.</param>
    /// <returns>The job; 409 while another one runs; 503 before the storage is indexed.</returns>
    public Result<MaintenanceJob> Start(IMaintenanceWork work, ChangeOrigin origin)
    {
        if (!storage.Indexer.IsComplete)
        {
            return new RegistryError(RegistryErrorCode.NotReady);
        }

        lock (_lock)
        {
            if (_isStopping)
            {
                return new RegistryError(RegistryErrorCode.JobImpossible, "the registry is stopping");
            }

            if (_jobs is [{ Status.State: JobState.Running } other, ..])
            {
                return new RegistryError(
                    RegistryErrorCode.JobImpossible,
                    $"'{other.Work.Kind}' runs since {other.StartedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z, started by {NameOf(other.Origin)}, and one job runs at a time; wait for its end, or end it with 'registry jobs cancel'");
            }

            // Later than all of an earlier process, so that no client takes one for another.
            var id = Math.Max(time.GetUtcNow().ToUnixTimeMilliseconds(), _jobs is [{ Id: var last }, ..] ? last + 1 : 1);
            var job = new MaintenanceJob(id, work, origin, time);
            _jobs.Insert(0, job);
            _jobs.RemoveRange(Math.Min(Remembered, _jobs.Count), Math.Max(0, _jobs.Count - Remembered));
            _cancellation?.Dispose();
            var cancellation = _cancellation = new CancellationTokenSource();
            LogStarted(work.Kind, id, NameOf(origin));
            _running = Task.Run(() => RunAsync(job, cancellation));
            return job;
        }
    }

    /// <summary>Explains why a blob or manifest is kept, beside any job.</summary>
    /// <returns>The explanation; 503 before the storage is indexed.</returns>
    public async Task<Result<GcExplanation>> ExplainAsync(Digest digest, CancellationToken cancellationToken) => storage.Indexer.IsComplete
        ? await new GcReport(TargetOf(ChangeOrigin.Collector)).ExplainAsync(digest, cancellationToken)
        : RegistryErrorCode.NotReady;

    /// <summary>Asks a job to end. One that has ended stays as it is.</summary>
    /// <returns>The job, or 404.</returns>
    public Result<MaintenanceJob> Cancel(long id)
    {
        lock (_lock)
        {
            var found = Find(id);
            if (found.TryGet(out var job, out _) && job.Status.State == JobState.Running)
            {
                EndRunning();
            }

            return found;
        }
    }

    /// <summary>Who has started a job, for people.</summary>
    public static string NameOf(ChangeOrigin origin) => origin.Actor ?? "a caller without a name";

    /// <summary>Cancels the job in progress, waits for its end, and starts no other.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _isStopping = true;
            if (_jobs is [{ Status.State: JobState.Running }, ..])
            {
                EndRunning();
            }
        }

        await _running;
        _cancellation?.Dispose();
    }

    // Within the lock, for which a callback of the token could wait.
    private void EndRunning() => _ = _cancellation!.CancelAsync();

    private MaintenanceTarget TargetOf(ChangeOrigin origin) => new(storage, core, origin, time, IsServing: true);

    private async Task RunAsync(MaintenanceJob job, CancellationTokenSource cancellation)
    {
        try
        {
            var report = await job.Work.RunAsync(TargetOf(job.Origin), job, cancellation.Token);
            End(job, report.IsSuccess ? JobState.Succeeded : JobState.Failed, report.Summarize(), report);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            End(job, JobState.Cancelled, job.Work.Interrupted);
        }
        catch (StorageException e)
        {
            End(job, JobState.Failed, e.Message.TrimEnd('.'));
        }
#pragma warning disable CA1031 // Whatever it was, the registry serves on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogMistake(e, job.Work.Kind, job.Id);
            End(job, JobState.Failed, "internal error; see the log of the registry, and report it");
        }
    }

    private void End(MaintenanceJob job, JobState state, string text, MaintenanceReport? report = null)
    {
        lock (_lock)
        {
            foreach (var earlier in _jobs.Where(other => other != job))
            {
                earlier.ForgetReport();
            }

            job.End(state, new JobStatus.End(time.GetUtcNow(), text, report?.Numbers ?? NoNumbers, report));
        }

        LogEnded(job.Work.Kind, job.Id, state, text);
    }

    [LoggerMessage(1, LogLevel.Information, "Maintenance job {Kind} ({Id}) started by {Who}")]
    private partial void LogStarted(string kind, long id, string who);

    [LoggerMessage(2, LogLevel.Information, "Maintenance job {Kind} ({Id}) ended: {State}: {Outcome}")]
    private partial void LogEnded(string kind, long id, JobState state, string outcome);

    [LoggerMessage(3, LogLevel.Critical, "Maintenance job {Kind} ({Id}): internal error; please report it with these lines")]
    private partial void LogMistake(Exception exception, string kind, long id);
}
