namespace Registry.Server.Api.Repositories;

/// <summary>What a repository holds.</summary>
internal sealed record RepositoryAnswer
{
    public required string Repository { get; init; }

    public required long Manifests { get; init; }

    public required long Tags { get; init; }

    /// <summary>Number of blobs, those that only the trash needs included.</summary>
    public required long Blobs { get; init; }

    /// <summary>Size of the blobs and manifests in bytes, each digest once.</summary>
    public required long Bytes { get; init; }

    /// <summary>Number of deleted manifests that can be restored.</summary>
    public required long Trashed { get; init; }

    /// <summary>Running time for which a manifest that is deleted now can be restored, in seconds; 0 for none.</summary>
    public required long TrashSeconds { get; init; }
}
