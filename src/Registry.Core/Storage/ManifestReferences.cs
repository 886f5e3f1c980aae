namespace Registry.Core.Storage;

/// <summary>Which references of a manifest must exist in its repository when it is pushed. A subject never must.</summary>
public enum ManifestReferences
{
    /// <summary>All of them.</summary>
    Strict,

    /// <summary>Config and layers; children of an index may be missing, as when one platform of many is copied.</summary>
    SparseIndex,

    /// <summary>None.</summary>
    Sparse,
}
