namespace Registry.Core.Storage;

/// <summary>How far a digest has come in the metadata.</summary>
public enum BlobState
{
    /// <summary>There is no record of it.</summary>
    Unknown,

    /// <summary>A manifest mentions it, but its bytes are not here: they were never stored, or the verifier has found them missing or damaged.</summary>
    Mentioned,

    /// <summary>Its bytes are stored.</summary>
    Stored,

    /// <summary>Its bytes are stored, and nothing links to them any more.</summary>
    Orphaned,

    /// <summary>Its bytes are being removed.</summary>
    Condemned,
}
