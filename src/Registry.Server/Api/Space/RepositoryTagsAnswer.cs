namespace Registry.Server.Api.Space;

/// <summary>Space of a repository, and of its tags.</summary>
internal sealed record RepositoryTagsAnswer
{
    /// <summary>Beginning of the round in UTC (RFC 3339); null if none has ended yet.</summary>
    public string? ComputedAt { get; init; }

    /// <summary>The repository in that round, with zeros if it was not there.</summary>
    public required RepositorySpaceAnswer Repository { get; init; }

    /// <summary>Where <see cref="TagSpaceAnswer.Unique"/> looks for others that hold the same: in the <c>registry</c>, or only in the <c>repository</c>.</summary>
    public required string Within { get; init; }

    /// <summary>The tags as they are now, those with the most unique bytes first; null if the repository is too large.</summary>
    public IReadOnlyList<TagSpaceAnswer>? Tags { get; init; }

    /// <summary>Number of tags that are left out.</summary>
    public int More { get; init; }
}

/// <summary>Space of a tag, in bytes.</summary>
internal sealed record TagSpaceAnswer
{
    public required string Tag { get; init; }

    public required string Digest { get; init; }

    /// <summary>Size of its manifest and of all that it refers to.</summary>
    public required long Referred { get; init; }

    /// <summary>What becomes free without the manifest.</summary>
    public required long Unique { get; init; }
}
