namespace Registry.Core.Access;

/// <summary>What became of a file that was read again.</summary>
/// <param name="HasChanged">Whether another version is in force now.</param>
/// <param name="Fault">Why it cannot be used, so that the last good version stays in force; null when it can.</param>
public sealed record ReloadOutcome(bool HasChanged, string? Fault)
{
    /// <inheritdoc/>
    public override string ToString() => Fault is not null ? $"cannot be used, the last good version stays in force: {Fault}"
        : HasChanged ? "has changed and is in force"
        : "is unchanged";
}
