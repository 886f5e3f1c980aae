using Microsoft.Extensions.Logging;

namespace Registry.Storage.Files.Tree;

/// <summary>Logs the oddities of an old tree.</summary>
internal static partial class TreeFindings
{
    [LoggerMessage(10, LogLevel.Warning, "{Finding}")]
    public static partial void LogFinding(ILogger logger, string finding);
}
