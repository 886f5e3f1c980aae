namespace Registry.Core.Metadata;

/// <summary>References of a manifest that must exist in its repository when it is pushed. The subject need never exist.</summary>
public enum ManifestReferences
{
    /// <summary>All of them.</summary>
    Strict,

    /// <summary>Config and layers; children of an index may be missing, as when one platform of many is copied.</summary>
    SparseIndex,

    /// <summary>None.</summary>
    Sparse,
}
