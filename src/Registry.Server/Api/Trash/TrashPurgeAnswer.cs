namespace Registry.Server.Api.Trash;

/// <summary>What a purge has removed, and what it could not.</summary>
internal sealed record TrashPurgeAnswer
{
    public required string Repository { get; init; }

    public required string Digest { get; init; }

    /// <summary>The manifest, first, and each blob and manifest that only it held.</summary>
    public required IReadOnlyList<Removed> Content { get; init; }

    /// <summary>Places where bytes are left or may be, that the registry knows of: each a clause for people.</summary>
    public required IReadOnlyList<string> Left { get; init; }

    /// <summary>False if bytes are left in a place from which the registry should have removed them.</summary>
    public required bool Erased { get; init; }

    /// <summary>Content that a purge has removed from the repository.</summary>
    /// <param name="Digest">Its digest.</param>
    /// <param name="Stored">
    /// True if the bytes stay, because another repository has the content, or has it in its trash; false if they do not; null for a caller who may not know, if such a
    /// repository is one from which the caller may not pull, or there is none.
    /// </param>
    /// <param name="HeldBy">Those of these repositories that the caller may pull from, at most 100.</param>
    internal sealed record Removed(string Digest, bool? Stored, IReadOnlyList<string> HeldBy);
}
