namespace Registry.Core.Oci;

/// <summary>What a manifest's bytes say, as far as the registry acts on it. The bytes themselves are kept as they came.</summary>
public sealed record Manifest
{
    /// <summary>One of <see cref="MediaTypes"/>: what it is served as.</summary>
    public required string MediaType { get; init; }

    /// <summary>The config of an image manifest; null for an index.</summary>
    public Descriptor? Config { get; init; }

    /// <summary>The layers of an image manifest, in order.</summary>
    public IReadOnlyList<Descriptor> Layers { get; init; } = [];

    /// <summary>The manifests that an index lists, in order.</summary>
    public IReadOnlyList<Descriptor> Manifests { get; init; } = [];

    /// <summary>The manifest this one refers to (a signature's image); it need not exist.</summary>
    public Descriptor? Subject { get; init; }

    /// <summary>
    /// The type that the referrers listing shows: <c>artifactType</c>, else for images the config's media type, else null
    /// (OCI distribution-spec, "Listing Referrers").
    /// </summary>
    public string? ArtifactType { get; init; }

    /// <summary>The annotations as the JSON object they were written as; null without any.</summary>
    public string? Annotations { get; init; }

    /// <summary>Whether it lists other manifests.</summary>
    public bool IsIndex => MediaTypes.IsIndex(MediaType);

    /// <summary>The blobs that must be here: config and layers, without those that are fetched from elsewhere.</summary>
    public IEnumerable<Descriptor> Blobs =>
        Layers.Where(layer => !MediaTypes.IsNonDistributable(layer.MediaType)).Concat(Config is null ? [] : [Config]);

    /// <summary>
    /// What stays while this manifest does: config, children, and every layer. One that is fetched from elsewhere may have been pushed here
    /// all the same.
    /// </summary>
    public IEnumerable<Descriptor> References => Layers.Concat(Config is null ? [] : [Config]).Concat(Manifests);
}
