namespace Registry.Core.Oci;

/// <summary>Media types that have a meaning for the registry. Configs and layers may have any other.</summary>
public static class MediaTypes
{
    /// <summary>OCI image manifest; artifacts of every kind use it too.</summary>
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>OCI image index.</summary>
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";

    /// <summary>Docker image manifest, schema 2.</summary>
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";

    /// <summary>Docker manifest list.</summary>
    public const string DockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json";

    /// <summary>Docker image manifest, schema 1, signed. Never accepted; found in the trees of old registries.</summary>
    public const string DockerSchema1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";

    /// <summary>Config of an OCI image of a container.</summary>
    public const string OciImageConfig = "application/vnd.oci.image.config.v1+json";

    /// <summary>Config of a Docker image.</summary>
    public const string DockerImageConfig = "application/vnd.docker.container.image.v1+json";

    /// <summary>Bytes without further meaning: the type that blobs are served as.</summary>
    public const string OctetStream = "application/octet-stream";

    /// <summary>JSON responses of the API.</summary>
    public const string Json = "application/json";

    private static readonly string[] Manifests = [OciManifest, OciIndex, DockerManifest, DockerManifestList];

    /// <summary>
    /// Finds the type of manifests that can be pushed, in the spelling of its specification; null for any other. Media types are
    /// case-insensitive (RFC 6838, section 4.2).
    /// </summary>
    public static string? FindManifest(string mediaType) =>
        Array.Find(Manifests, known => known.Equals(mediaType, StringComparison.OrdinalIgnoreCase));

    /// <summary>True if this type, in the spelling of its specification, lists other manifests.</summary>
    public static bool IsIndex(string mediaType) => mediaType is OciIndex or DockerManifestList;

    /// <summary>
    /// True if clients fetch a layer of this type from elsewhere, so that the registry need not have it: Docker's foreign layers and OCI's
    /// non-distributable ones (OCI image-spec, layer.md, "Non-Distributable Layers").
    /// </summary>
    public static bool IsNonDistributable(string mediaType) =>
        mediaType.StartsWith("application/vnd.oci.image.layer.nondistributable.", StringComparison.OrdinalIgnoreCase) ||
        mediaType.StartsWith("application/vnd.docker.image.rootfs.foreign.", StringComparison.OrdinalIgnoreCase);
}
