namespace Registry.Core.Inventory;

/// <summary>What a manifest describes.</summary>
public enum ManifestKind
{
    /// <summary>An image of a container.</summary>
    Image,

    /// <summary>A list of manifests, such as an image for several platforms.</summary>
    Index,

    /// <summary>Anything else: a chart, a signature, a bill of materials.</summary>
    Artifact,
}
