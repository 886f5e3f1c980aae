namespace Registry.Server.Commands.Backup;

/// <summary>Arguments of <c>registry backup</c>.</summary>
/// <param name="Folder">Folder of the backup, new or with earlier generations.</param>
/// <param name="Keep">Number of generations to keep, including the new one.</param>
/// <param name="IsJson">True to print the report as JSON.</param>
internal sealed record BackupRequest(string Folder, int Keep = BackupRequest.UsualKeep, bool IsJson = false)
{
    /// <summary>Default of <c>--keep</c>: a week of nightly backups.</summary>
    public const int UsualKeep = 7;
}
