namespace Registry.Files.Watching;

/// <summary>Outcome of reading a file again.</summary>
/// <param name="HasChanged">True if a new version is in force.</param>
/// <param name="Fault">Reason why the file cannot be used and the last good version stays in force; null if it can be used.</param>
public sealed record ReloadOutcome(bool HasChanged, string? Fault)
{
    /// <inheritdoc/>
    public override string ToString() => Fault is not null ? $"cannot be used, the last good version stays in force: {Fault}"
        : HasChanged ? "has changed and is in force"
        : "is unchanged";
}
