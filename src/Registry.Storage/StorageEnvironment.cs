using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Policies;
using Registry.Core.Storage;

namespace Registry.Storage;

/// <summary>Settings and tools that all parts of an open storage use, whichever engines it has.</summary>
internal sealed class StorageEnvironment : IDisposable
{
    private const int ThreadCount = 16;

    /// <param name="rules">Rules about changes.</param>
    /// <param name="limits">Limits for clients.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="metrics">Metrics; null for none.</param>
    public StorageEnvironment(IChangeRules rules, StorageLimits limits, TimeProvider time, ILoggerFactory loggers, StorageMetrics? metrics)
    {
        (Rules, Limits, Time, Loggers, Metrics) = (rules, limits, time, loggers, metrics);
        Threads = new StorageThreads("storage", ThreadCount);
        Faults = new RecurringFaults(time, loggers.CreateLogger<RecurringFaults>());
    }

    public IChangeRules Rules { get; }

    public StorageLimits Limits { get; }

    public TimeProvider Time { get; }

    public ILoggerFactory Loggers { get; }

    public StorageMetrics? Metrics { get; }

    /// <summary>Threads for work that blocks.</summary>
    public StorageThreads Threads { get; }

    /// <summary>Faults that recur with each request.</summary>
    public RecurringFaults Faults { get; }

    public void Dispose()
    {
        Faults.Dispose();
        Threads.Dispose();
    }
}
