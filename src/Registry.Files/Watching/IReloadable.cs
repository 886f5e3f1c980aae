namespace Registry.Files.Watching;

/// <summary>A file, or a group of files, that the registry can read again while it runs.</summary>
public interface IReloadable
{
    /// <summary>Reads it and puts it in force at once. If it cannot be used, the last good version stays in force.</summary>
    ReloadOutcome Reload();
}
