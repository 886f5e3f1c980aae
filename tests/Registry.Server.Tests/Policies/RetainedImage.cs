namespace Registry.Server.Tests.Policies;

/// <summary>An image of a registry of a test, with what belongs to it.</summary>
/// <param name="Repository">Its repository.</param>
/// <param name="Tag">Its tag; null for one without.</param>
/// <param name="Image">The image, with platforms perhaps.</param>
internal sealed record RetainedImage(string Repository, string? Tag, TestImage Image)
{
    /// <summary>Its signature under a tag of its own, as cosign stores it; null for none.</summary>
    public TestImage? TagSignature { get; init; }

    /// <summary>Its signature as a referrer; null for none.</summary>
    public TestImage? Referrer { get; init; }

    /// <summary>An SBOM that refers to its first platform; null for none.</summary>
    public TestImage? Sbom { get; init; }

    public string SignatureTag => $"sha256-{Image.Digest["sha256:".Length..]}.sig";
}
