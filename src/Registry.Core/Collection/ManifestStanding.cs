namespace Registry.Core.Collection;

/// <summary>How long a manifest stays in its repository.</summary>
public enum ManifestStanding
{
    /// <summary>A tag, a manifest that refers to it, or its subject holds it.</summary>
    Held,

    /// <summary>Its subject was pushed or deleted, and the next cycle of the collector holds or releases it.</summary>
    Unsettled,

    /// <summary>Nothing holds it, but neither an index that listed it nor its subject was deleted: it stays until it is deleted.</summary>
    Root,

    /// <summary>Nothing holds it, but something in the repository cannot be read, so no manifest there expires.</summary>
    Pinned,

    /// <summary>The repository is mirrored from an upstream: it stays, whatever holds it, until the mirror evicts it.</summary>
    Mirrored,

    /// <summary>Nothing holds it, and it expires when the grace period is over.</summary>
    Expiring,
}
