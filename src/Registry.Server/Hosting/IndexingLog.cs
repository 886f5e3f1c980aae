using Microsoft.Extensions.Logging;

namespace Registry.Server.Hosting;

internal static partial class IndexingLog
{
    [LoggerMessage(2, LogLevel.Information,
        "Until the storage is indexed, pulls work, and pushes, deletes and the catalog answer 503")]
    public static partial void Started(ILogger logger);
}
