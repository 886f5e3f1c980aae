namespace Registry.Core.Metadata;

/// <summary>Setting of the references that must exist when a manifest is pushed; <see cref="RequiredReferences"/> applies it.</summary>
public enum ManifestReferences
{
    /// <summary>All of them.</summary>
    Strict,

    /// <summary>Config and layers; children of an index may be missing, as when one platform of many is copied.</summary>
    SparseIndex,

    /// <summary>None.</summary>
    Sparse,
}
