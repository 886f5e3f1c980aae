using Registry.Core.Changes;

namespace Registry.Server.Maintenance;

/// <summary>Maintenance of a running registry, in progress or ended. Receives the progress of its work.</summary>
internal sealed class MaintenanceJob : IProgress<WorkDone>
{
    // The rate needs no more samples, and a job may report every blob.
    private static readonly TimeSpan SamplePeriod = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider _time;
    private readonly WorkRate _rate;
    private readonly Lock _lock = new();
    private JobStatus _status = new(JobState.Running, null, 0, null);
    private long _sampledAt;

    /// <param name="id">Number of the job.</param>
    /// <param name="work">Its work.</param>
    /// <param name="origin">Who has started it.</param>
    /// <param name="time">The clock.</param>
    public MaintenanceJob(long id, IMaintenanceWork work, ChangeOrigin origin, TimeProvider time)
    {
        (Id, Work, Origin, StartedAt) = (id, work, origin, time.GetUtcNow());
        (_time, _rate, _sampledAt) = (time, new WorkRate(time), time.GetTimestamp());
    }

    public long Id { get; }

    public IMaintenanceWork Work { get; }

    public ChangeOrigin Origin { get; }

    public DateTimeOffset StartedAt { get; }

    /// <summary>What is known of it now.</summary>
    public JobStatus Status
    {
        get
        {
            lock (_lock)
            {
                return _status;
            }
        }
    }

    public void Report(WorkDone value)
    {
        lock (_lock)
        {
            var isDue = _status.Progress is null || _time.GetElapsedTime(_sampledAt) >= SamplePeriod;
            _status = _status with { Progress = value, Rate = isDue ? _rate.Sample(value.Amount) : _status.Rate };
            _sampledAt = isDue ? _time.GetTimestamp() : _sampledAt;
        }
    }

    /// <summary>Ends the job.</summary>
    public void End(JobState state, JobStatus.End outcome)
    {
        lock (_lock)
        {
            _status = _status with { State = state, Outcome = outcome };
        }
    }

    /// <summary>Releases the memory of the lists in its report.</summary>
    public void ForgetReport()
    {
        lock (_lock)
        {
            _status = _status with { Outcome = _status.Outcome is { } outcome ? outcome with { Report = null } : null };
        }
    }
}
