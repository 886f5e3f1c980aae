namespace Registry.Core.Access;

/// <summary>A file, or some that belong together, that can be read again while the registry runs.</summary>
public interface IReloadable
{
    /// <summary>Reads it now, and takes it at once when it can be used. When it cannot, the last good version stays in force.</summary>
    ReloadOutcome Reload();
}
