using System.Globalization;
using Registry.Core.Errors;

namespace Registry.Server.Commands.Remote;

/// <summary>Times for which a registry keeps what was deleted, in seconds of its running time, for people.</summary>
internal static class RunningTime
{
    private const int Minute = 60;
    private const int Hour = 60 * Minute;
    private const int Day = 24 * Hour;

    /// <summary>The end of the time, if the registry runs all the time, by the clock of this machine.</summary>
    public static string Until(long seconds) => TimeProvider.System.GetUtcNow().AddSeconds(seconds).ToString("yyyy-MM-dd HH:mm' UTC'", CultureInfo.InvariantCulture);

    /// <summary>The time in its largest unit of which it has two.</summary>
    public static string Describe(long seconds) => seconds switch
    {
        >= 2 * Day => Count.Of(seconds / Day, "day"),
        >= 2 * Hour => Count.Of(seconds / Hour, "hour"),
        >= 2 * Minute => Count.Of(seconds / Minute, "minute"),
        _ => Count.Of(seconds, "second"),
    };
}
