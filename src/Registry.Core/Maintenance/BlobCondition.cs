namespace Registry.Core.Maintenance;

/// <summary>What the verifier has found in the place of stored bytes.</summary>
public enum BlobCondition
{
    /// <summary>They have their digest.</summary>
    Whole,

    /// <summary>They are not needed any more, or were replaced meanwhile.</summary>
    Gone,

    /// <summary>They are not those that were stored.</summary>
    Damaged,

    /// <summary>There are none.</summary>
    Missing,

    /// <summary>The disk does not give them.</summary>
    Unreadable,
}
