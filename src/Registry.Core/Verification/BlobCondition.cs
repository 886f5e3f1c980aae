namespace Registry.Core.Verification;

/// <summary>Condition of stored bytes, as the verifier finds it.</summary>
public enum BlobCondition
{
    /// <summary>The bytes have their digest.</summary>
    Whole,

    /// <summary>The bytes are no longer needed, or were replaced meanwhile.</summary>
    Gone,

    /// <summary>The bytes do not have their digest.</summary>
    Damaged,

    /// <summary>There is no file.</summary>
    Missing,

    /// <summary>The disk cannot read the bytes.</summary>
    Unreadable,
}
