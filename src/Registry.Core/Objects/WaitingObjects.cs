namespace Registry.Core.Objects;

/// <summary>Objects that are to be deleted.</summary>
/// <param name="Count">Number of objects that have a time of deletion.</param>
/// <param name="Overdue">Seconds since the time of the oldest one that may be deleted now, by the clock of the metadata; 0 without one.</param>
public sealed record WaitingObjects(long Count, long Overdue)
{
    /// <summary>None.</summary>
    public static WaitingObjects None { get; } = new(0, 0);
}
