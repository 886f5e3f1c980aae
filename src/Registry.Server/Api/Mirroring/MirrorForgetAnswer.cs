namespace Registry.Server.Api.Mirroring;

/// <summary>What was removed from a mirrored repository.</summary>
internal sealed record MirrorForgetAnswer
{
    /// <summary>The image, as it was asked for.</summary>
    public required string Image { get; init; }

    /// <summary>Number of manifests.</summary>
    public required long Manifests { get; init; }

    /// <summary>Number of blobs that no other manifest of the repository needs.</summary>
    public required long Blobs { get; init; }

    /// <summary>Bytes that could not be removed, each as a clause for people.</summary>
    public required IReadOnlyList<string> Left { get; init; }
}
