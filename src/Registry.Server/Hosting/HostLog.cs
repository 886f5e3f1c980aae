using Microsoft.Extensions.Logging;

namespace Registry.Server.Hosting;

internal static partial class HostLog
{
    [LoggerMessage(2, LogLevel.Information,
        "Until the storage is indexed, pulls work, and pushes, deletes and the catalog answer 503")]
    public static partial void Indexing(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "Cutting off the requests in flight, since a second signal asked for it")]
    public static partial void CutOff(ILogger logger);
}
