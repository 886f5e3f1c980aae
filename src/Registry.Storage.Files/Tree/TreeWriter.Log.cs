using Microsoft.Extensions.Logging;

namespace Registry.Storage.Files.Tree;

/// <summary>What it logs.</summary>
internal sealed partial class TreeWriter
{
    [LoggerMessage(1, LogLevel.Error,
        "The repositories tree is behind the metadata and will be brought up to date when the disk allows; requests are not affected: {Reason}")]
    protected override partial void LogBehind(string reason);

    [LoggerMessage(2, LogLevel.Information, "The repositories tree is up to date again")]
    protected override partial void LogCaughtUp();

    [LoggerMessage(3, LogLevel.Warning,
        "The stop was cut short before the repositories tree was up to date; requests are not affected. The next start continues. Until then, another registry on this folder does not have the latest changes")]
    protected override partial void LogCutShort();

    [LoggerMessage(4, LogLevel.Warning,
        "The repositories tree was behind for so long that changes it has missed are no longer recorded: all its links are written again. Links to what was deleted meanwhile stay; requests are not affected")]
    private partial void LogLost();
}
