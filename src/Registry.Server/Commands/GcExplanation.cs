using Registry.Core.Storage;

namespace Registry.Server.Commands;

/// <summary>Why a blob or manifest is there.</summary>
/// <param name="Digest">Which.</param>
/// <param name="Bytes">Its size on the disk; null when it is not there.</param>
/// <param name="State">What the metadata says of it.</param>
/// <param name="RecordedBytes">Its size according to the metadata.</param>
/// <param name="Links">The repositories that link to it.</param>
/// <param name="ManifestOf">The repositories of which it is a manifest, with what holds it there.</param>
/// <param name="NeededBy">The manifests that refer to it.</param>
/// <param name="Place">What in the tree may link to it, when the metadata does not know it; null for nothing.</param>
/// <param name="MayBeMore">Whether one of the lists is cut off.</param>
internal sealed record GcExplanation(
    string Digest,
    long? Bytes,
    BlobState State,
    long RecordedBytes,
    IReadOnlyList<GcExplanation.RepositoryLink> Links,
    IReadOnlyList<GcExplanation.RepositoryManifest> ManifestOf,
    IReadOnlyList<GcExplanation.Referrer> NeededBy,
    string? Place,
    bool MayBeMore)
{
    /// <summary>How many of a kind are named.</summary>
    public const int MaxNamed = 20;

    /// <summary>Whether it is there, or on record.</summary>
    public bool IsKnown => Bytes is not null || State != BlobState.Unknown;

    public void Write(TextWriter output)
    {
        if (!IsKnown)
        {
            output.WriteLine($"{Digest} is not here, and the metadata does not know it.");
            return;
        }

        output.WriteLine(Bytes is { } size ? $"{Digest} is stored, {size} bytes." : $"{Digest} has no bytes here.");
        output.WriteLine(Describe());
        foreach (var link in Links)
        {
            output.WriteLine($"{link.Repository} links to it: {Describe(link)}");
        }

        foreach (var manifest in ManifestOf)
        {
            output.WriteLine($"It is a manifest of {manifest.Repository}, pushed by {manifest.PushedBy:yyyy-MM-dd HH:mm:ss}Z: {Describe(manifest)}");
        }

        foreach (var referrer in NeededBy)
        {
            output.WriteLine($"The manifest {referrer.Manifest} of {referrer.Repository} refers to it.");
        }

        if (State == BlobState.Unknown)
        {
            output.WriteLine(Place is not null
                ? $"{Place} may link to it: it is kept; a reindex tells."
                : "Nothing in the tree links to it: it is removed when two rounds of the collector have found it.");
        }

        if (MayBeMore)
        {
            output.WriteLine($"There may be more; {MaxNamed} of a kind are named.");
        }
    }

    private string Describe() => State switch
    {
        BlobState.Unknown => "The metadata does not know it.",
        BlobState.Mentioned => "The metadata has it as not stored: a manifest mentions it, or verification has found it missing or damaged.",
        BlobState.Stored => $"The metadata has it as stored, {RecordedBytes} bytes.",
        BlobState.Orphaned => "No repository links to it any more: the next cycle of the collector removes it.",
        BlobState.Condemned => "Its removal has begun: the next cycle of the collector finishes it.",
        _ => throw new InvalidOperationException($"There is no state {State}."),
    };

    private string Describe(RepositoryManifest manifest)
    {
        if (manifest.IdleSeconds is not { } idle)
        {
            var parents = NeededBy.Count(referrer => referrer.Repository == manifest.Repository);
            string?[] holders =
            [
                manifest.Tags.Count > 0 ? $"the tags {string.Join(", ", manifest.Tags)}" : null,
                parents > 0 ? "the manifests that refer to it" : null,
                manifest.Subject is not null ? $"its subject {manifest.Subject}" : null,
            ];
            return $"held by {string.Join("; ", holders.Where(holder => holder is not null))}.";
        }

        if (manifest.ExpiresAfterSeconds is not { } left)
        {
            return manifest.IsRoot
                ? $"nothing has held it for {idle} s, but it was pushed for itself: it stays until a client or 'registry gc --untagged --delete' deletes it."
                : $"nothing has held it for {idle} s, but something in the repository cannot be read, so that no manifest expires.";
        }

        return left >= 0
            ? $"its index or subject was deleted, and nothing has held it, nor a client asked for it, for {idle} s; it expires after {left} s more of the registry's running time."
            : $"its index or subject was deleted, and nothing has held it, nor a client asked for it, for {idle} s, and so it expires in the next cycle of the collector.";
    }

    private static string Describe(RepositoryLink link)
    {
        if (link.IdleSeconds is null)
        {
            return "a manifest there needs it.";
        }

        if (link.ExpiresAfterSeconds is not { } left)
        {
            return "no manifest there needs it, but something there cannot be read, so that no blob expires.";
        }

        return left >= 0
            ? $"no manifest there has needed it for {link.IdleSeconds} s; it expires after {left} s more of the registry's running time."
            : $"no manifest there has needed it for {link.IdleSeconds} s, and so it expires in the next cycle of the collector.";
    }

    /// <param name="Repository">Where it is.</param>
    /// <param name="IdleSeconds">For how long no manifest there has needed it, in running time; null when one does.</param>
    /// <param name="ExpiresAfterSeconds">How much longer it is kept, less than 0 when it is due; null when it does not expire.</param>
    internal sealed record RepositoryLink(string Repository, long? IdleSeconds, long? ExpiresAfterSeconds);

    /// <param name="Repository">Where it is.</param>
    /// <param name="Tags">The tags that point to it there.</param>
    /// <param name="Subject">Its subject, when that is there, too.</param>
    /// <param name="PushedBy">The time by which it was pushed; earlier for one that was stored before the registry recorded this.</param>
    /// <param name="IsRoot">Whether it stays when nothing holds it: neither an index that lists it nor its subject was deleted.</param>
    /// <param name="IdleSeconds">For how long nothing there has held it, in running time; null when something does.</param>
    /// <param name="ExpiresAfterSeconds">How much longer it is kept, less than 0 when it is due; null when it does not expire.</param>
    internal sealed record RepositoryManifest(
        string Repository,
        IReadOnlyList<string> Tags,
        string? Subject,
        DateTimeOffset PushedBy,
        bool IsRoot,
        long? IdleSeconds,
        long? ExpiresAfterSeconds);

    internal sealed record Referrer(string Repository, string Manifest);
}
