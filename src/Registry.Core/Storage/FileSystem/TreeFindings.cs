using Microsoft.Extensions.Logging;

namespace Registry.Core.Storage.FileSystem;

/// <summary>Where the oddities of an old tree are reported.</summary>
internal static partial class TreeFindings
{
    [LoggerMessage(10, LogLevel.Warning, "{Finding}")]
    public static partial void LogFinding(ILogger logger, string finding);
}
