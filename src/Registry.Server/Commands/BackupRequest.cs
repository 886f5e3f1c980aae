namespace Registry.Server.Commands;

/// <summary>What <c>registry backup</c> is asked for.</summary>
/// <param name="Folder">Where the backup is made or brought up to date.</param>
/// <param name="Keep">How many generations are kept, with the new one.</param>
/// <param name="IsJson">Whether the report is printed as JSON.</param>
internal sealed record BackupRequest(string Folder, int Keep = BackupRequest.UsualKeep, bool IsJson = false)
{
    /// <summary>A week of nightly backups.</summary>
    public const int UsualKeep = 7;
}
