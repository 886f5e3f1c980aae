namespace Registry.Core.Storage;

/// <summary>How far a digest has come in the metadata.</summary>
public enum BlobState
{
    /// <summary>There is no record of it.</summary>
    Unknown,

    /// <summary>A manifest mentions it; the bytes were never stored.</summary>
    Mentioned,

    /// <summary>Its bytes are stored.</summary>
    Stored,

    /// <summary>Its bytes are stored, and nothing links to them any more.</summary>
    Orphaned,

    /// <summary>Its bytes are being removed.</summary>
    Condemned,
}
