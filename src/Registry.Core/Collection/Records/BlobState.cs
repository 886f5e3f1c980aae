namespace Registry.Core.Collection.Records;

/// <summary>State of a digest in the metadata.</summary>
public enum BlobState
{
    /// <summary>It is not recorded.</summary>
    Unknown,

    /// <summary>A manifest mentions it, but its bytes do not exist: they were never stored, or the verifier found them missing or damaged.</summary>
    Mentioned,

    /// <summary>Its bytes are stored.</summary>
    Stored,

    /// <summary>Its bytes are stored, and nothing links to them.</summary>
    Orphaned,

    /// <summary>Its bytes are being removed.</summary>
    Condemned,
}
