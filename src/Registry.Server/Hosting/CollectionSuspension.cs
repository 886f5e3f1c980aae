using Microsoft.Extensions.Logging;
using Registry.Core.Maintenance;

namespace Registry.Server.Hosting;

/// <summary>Says that garbage collection waits after an unclean stop, for how long, and when it goes on.</summary>
internal sealed partial class CollectionSuspension(GarbageCollector collector, ILogger<GarbageCollector> logger)
{
    private bool _isSuspended;

    /// <summary>The registry has started.</summary>
    /// <param name="wasStoppedUncleanly">Whether the process before was killed or crashed.</param>
    public void Begin(bool wasStoppedUncleanly)
    {
        _isSuspended = collector.Wait > 0;
        if (wasStoppedUncleanly)
        {
            LogUnclean(Words(collector.Wait));
        }
        else if (_isSuspended)
        {
            LogStillSuspended(Words(collector.Wait));
        }
    }

    /// <summary>A cycle has ended.</summary>
    public void Check()
    {
        if (_isSuspended && collector.Wait == 0)
        {
            _isSuspended = false;
            LogOver();
        }
    }

    private static string Words(long seconds) => seconds switch
    {
        < 120 => $"{seconds} s",
        < 7200 => $"{(seconds + 59) / 60} min",
        _ => $"{seconds / 3600} h {seconds % 3600 / 60} min",
    };

    [LoggerMessage(20, LogLevel.Warning,
        "The registry was not stopped in good order last time: it was killed, crashed, or the machine lost power. Nothing that was confirmed is lost. Garbage collection is suspended for {Wait} of running time, because what clients were promised before is not known")]
    private partial void LogUnclean(string wait);

    [LoggerMessage(21, LogLevel.Information, "Garbage collection is suspended for another {Wait} of running time, because an earlier process was not stopped in good order")]
    private partial void LogStillSuspended(string wait);

    [LoggerMessage(22, LogLevel.Information, "Garbage collection goes on")]
    private partial void LogOver();
}
