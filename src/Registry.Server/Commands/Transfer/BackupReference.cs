namespace Registry.Server.Commands.Transfer;

/// <summary>A generation of a backup, written as <c>FOLDER</c> for the last one or <c>FOLDER@GENERATION</c>.</summary>
/// <param name="Folder">The folder of the backup.</param>
/// <param name="Generation">The name of the generation; null for the last one.</param>
internal sealed record BackupReference(string Folder, string? Generation)
{
    /// <summary>Parses a reference. The text names a folder when a folder of that name exists, even when the name contains <c>@</c>.</summary>
    public static BackupReference Parse(string text)
    {
        var at = text.LastIndexOf('@');
        return at <= 0 || Directory.Exists(text) ? new BackupReference(text, null) : new BackupReference(text[..at], text[(at + 1)..]);
    }
}
