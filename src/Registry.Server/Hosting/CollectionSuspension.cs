using Microsoft.Extensions.Logging;
using Registry.Core.Collection;

namespace Registry.Server.Hosting;

/// <summary>Logs how long garbage collection is suspended after an unclean stop, and when it resumes.</summary>
internal sealed partial class CollectionSuspension(CollectionRules rules, ILogger<GarbageCollector> logger)
{
    private bool _isSuspended;

    /// <summary>Logs the suspension at the start of the registry.</summary>
    /// <param name="wasStoppedUncleanly">True when the previous process was killed or crashed.</param>
    public void Begin(bool wasStoppedUncleanly)
    {
        _isSuspended = rules.Wait > 0;
        if (wasStoppedUncleanly)
        {
            LogUnclean(Words(rules.Wait));
        }
        else if (_isSuspended)
        {
            LogStillSuspended(Words(rules.Wait));
        }
    }

    /// <summary>Logs the end of the suspension after a cycle.</summary>
    public void Check()
    {
        if (_isSuspended && rules.Wait == 0)
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
        "The last stop of the registry was unclean: it was killed, crashed, or the machine lost power. All confirmed changes are kept. Garbage collection is suspended for {Wait} of running time, because the list of blobs that clients were told exist is lost")]
    private partial void LogUnclean(string wait);

    [LoggerMessage(21, LogLevel.Information, "Garbage collection is suspended for another {Wait} of running time, because an earlier stop was unclean")]
    private partial void LogStillSuspended(string wait);

    [LoggerMessage(22, LogLevel.Information, "Garbage collection resumes")]
    private partial void LogOver();
}
