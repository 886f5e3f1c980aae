using Microsoft.Extensions.Logging;

namespace Registry.Server.Hosting;

internal static partial class IndexingLog
{
    [LoggerMessage(1, LogLevel.Critical,
        "Indexing failed; pushes, deletes and the catalog stay unavailable until the cause is removed and the registry restarted")]
    public static partial void Failed(ILogger logger, Exception exception);
}
