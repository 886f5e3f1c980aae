namespace Registry.Core.Oci;

/// <summary>Content of a manifest, with the members that the registry uses. The bytes are stored as received.</summary>
public sealed record Manifest
{
    /// <summary>Media type that the manifest is served as: one of <see cref="MediaTypes"/>.</summary>
    public required string MediaType { get; init; }

    /// <summary>Config of an image manifest; null for an index.</summary>
    public Descriptor? Config { get; init; }

    /// <summary>Layers of an image manifest, in order.</summary>
    public IReadOnlyList<Descriptor> Layers { get; init; } = [];

    /// <summary>Manifests that an index lists, in order.</summary>
    public IReadOnlyList<Descriptor> Manifests { get; init; } = [];

    /// <summary>Manifest that this one refers to, such as the image of a signature; it need not exist.</summary>
    public Descriptor? Subject { get; init; }

    /// <summary>
    /// Type in the referrers listing: <c>artifactType</c>, else the config's media type for an image, else null
    /// (OCI distribution-spec, "Listing Referrers").
    /// </summary>
    public string? ArtifactType { get; init; }

    /// <summary>Annotations as the JSON object in the manifest; null without any.</summary>
    public string? Annotations { get; init; }

    /// <summary>True if the manifest lists other manifests.</summary>
    public bool IsIndex => MediaTypes.IsIndex(MediaType);

    /// <summary>Blobs that the repository must have: config and layers, except non-distributable layers.</summary>
    public IEnumerable<Descriptor> Blobs =>
        Layers.Where(layer => !MediaTypes.IsNonDistributable(layer.MediaType)).Concat(Config is null ? [] : [Config]);

    /// <summary>
    /// Content that must be kept while this manifest exists: config, children and all layers. A client may have pushed a non-distributable
    /// layer all the same.
    /// </summary>
    public IEnumerable<Descriptor> References => Layers.Concat(Config is null ? [] : [Config]).Concat(Manifests);
}
