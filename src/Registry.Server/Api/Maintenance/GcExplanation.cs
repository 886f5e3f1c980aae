using System.Text.Json.Serialization;
using Registry.Core.Collection;
using Registry.Core.Collection.Records;
using Registry.Core.Errors;

namespace Registry.Server.Api.Maintenance;

/// <summary>Everything that keeps a blob or manifest in storage.</summary>
/// <param name="Digest">Digest of the blob or manifest.</param>
/// <param name="Bytes">Its size on the disk; null when it is not stored.</param>
/// <param name="State">Its state in the metadata.</param>
/// <param name="RecordedBytes">Its size according to the metadata.</param>
/// <param name="Links">The repositories that link to it.</param>
/// <param name="ManifestOf">The repositories of which it is a manifest, with its holders there.</param>
/// <param name="NeededBy">The manifests that refer to it.</param>
/// <param name="KeptByTrash">The deleted manifests that are this one, or refer to it, and can be restored.</param>
/// <param name="Place">A place in the tree that may link to a blob unknown to the metadata; null for none.</param>
/// <param name="MayBeMore">True when a list is cut off.</param>
internal sealed record GcExplanation(
    string Digest,
    long? Bytes,
    BlobState State,
    long RecordedBytes,
    IReadOnlyList<GcExplanation.RepositoryLink> Links,
    IReadOnlyList<GcExplanation.RepositoryManifest> ManifestOf,
    IReadOnlyList<GcExplanation.Referrer> NeededBy,
    IReadOnlyList<GcExplanation.Referrer> KeptByTrash,
    string? Place,
    bool MayBeMore)
{
    /// <summary>Largest number of entries in a list.</summary>
    public const int MaxNamed = 20;

    /// <summary>True when the blob is stored or the metadata knows it.</summary>
    public bool IsKnown => Bytes is not null || State != BlobState.Unknown;

    public void Write(TextWriter output)
    {
        if (!IsKnown)
        {
            output.WriteLine($"{Digest} is not stored, and the metadata does not know it.");
            return;
        }

        output.WriteLine(Bytes is { } size ? $"{Digest} is stored, {Count.Of(size, "byte")}." : $"{Digest} is not stored.");
        output.WriteLine(Describe());
        foreach (var link in Links)
        {
            output.WriteLine($"{link.Repository} links to it: {Describe(link)}");
        }

        foreach (var manifest in ManifestOf)
        {
            output.WriteLine($"It is a manifest of {manifest.Repository}, last pushed no later than {manifest.PushedBy:yyyy-MM-dd HH:mm:ss}Z: {Describe(manifest)}");
        }

        foreach (var referrer in NeededBy)
        {
            output.WriteLine($"The manifest {referrer.Manifest} of {referrer.Repository} refers to it.");
        }

        foreach (var deleted in KeptByTrash)
        {
            output.WriteLine(deleted.Manifest == Digest
                ? $"It was deleted from {deleted.Repository}, and is in its trash."
                : $"The deleted manifest {deleted.Manifest} in the trash of {deleted.Repository} refers to it.");
        }

        if (KeptByTrash.Count > 0)
        {
            output.WriteLine("The trash keeps it: 'registry trash ls' tells for how long, and 'registry trash purge' removes it. Both ask the running registry.");
        }

        if (State == BlobState.Unknown)
        {
            output.WriteLine(Place is not null
                ? $"{Place} may link to it, so it is kept. 'registry reindex' adds it to the metadata or makes it removable."
                : "Nothing in the tree links to it. The collector removes it after finding it in two rounds.");
        }

        if (MayBeMore)
        {
            output.WriteLine($"There may be more; at most {MaxNamed} of each kind are listed.");
        }
    }

    private string Describe() => State switch
    {
        BlobState.Unknown => "The metadata does not know it.",
        BlobState.Mentioned => "The metadata has it as not stored: a manifest refers to it, or verification found it missing or damaged.",
        BlobState.Stored => $"The metadata has it as stored, {Count.Of(RecordedBytes, "byte")}.",
        BlobState.Orphaned => "No repository links to it any more. The next cycle of the collector removes it.",
        BlobState.Condemned => "Its removal has begun. The next cycle of the collector finishes it.",
        _ => throw new InvalidOperationException($"There is no state {State}."),
    };

    private string Describe(RepositoryManifest manifest) => manifest.Standing switch
    {
        ManifestStanding.Held => DescribeHolders(manifest),
        ManifestStanding.Unsettled => manifest.Subject is null
            ? "its subject was deleted; the next cycle of the collector releases it."
            : $"its subject {manifest.Subject} was pushed; the next cycle of the collector holds it.",
        ManifestStanding.Root =>
            $"nothing has held it for {manifest.IdleSeconds} s, but neither an index that listed it nor its subject was deleted: it stays until a client or 'registry gc --untagged --delete' deletes it.",
        ManifestStanding.Pinned => $"nothing has held it for {manifest.IdleSeconds} s, but something in the repository cannot be read, so no manifest there expires.",
        ManifestStanding.Mirrored => $"the repository is mirrored from {manifest.Upstream}: it stays until the mirror makes room for what is pulled more.",
        _ => manifest.ExpiresAfterSeconds is { } left and >= 0
            ? $"its index or subject was deleted, and nothing has held or renewed it for {manifest.IdleSeconds} s; it expires after {left} s more of the registry's running time."
            : $"its index or subject was deleted, and nothing has held or renewed it for {manifest.IdleSeconds} s; it expires in the next cycle of the collector.",
    };

    private string DescribeHolders(RepositoryManifest manifest)
    {
        string?[] holders =
        [
            manifest.Tags.Count > 0 ? $"the tags {string.Join(", ", manifest.Tags)}" : null,
            NeededBy.Any(referrer => referrer.Repository == manifest.Repository) ? "the manifests that refer to it" : null,
            manifest.Subject is not null ? $"its subject {manifest.Subject}" : null,
        ];

        // The list of those that refer to it may end before those of this repository.
        return holders.Any(holder => holder is not null) ? $"held by {string.Join("; ", holders.Where(holder => holder is not null))}." : "held by manifests that refer to it.";
    }

    private string Describe(RepositoryLink link)
    {
        if (link.IdleSeconds is null)
        {
            return KeptByTrash.Any(deleted => deleted.Repository == link.Repository) && NeededBy.All(referrer => referrer.Repository != link.Repository)
                ? "only its trash needs it."
                : "a manifest there needs it.";
        }

        if (link.ExpiresAfterSeconds is not { } left)
        {
            return "no manifest there needs it, but something in the repository cannot be read, so no blob there expires.";
        }

        return left >= 0
            ? $"no manifest there has needed it for {link.IdleSeconds} s; it expires after {left} s more of the registry's running time."
            : $"no manifest there has needed it for {link.IdleSeconds} s; it expires in the next cycle of the collector.";
    }

    /// <param name="Repository">The repository.</param>
    /// <param name="IdleSeconds">Running time since a manifest there last needed it, in seconds; null while one needs it.</param>
    /// <param name="ExpiresAfterSeconds">Running time until it expires, in seconds; negative when overdue, null when it does not expire.</param>
    internal sealed record RepositoryLink(string Repository, long? IdleSeconds, long? ExpiresAfterSeconds);

    /// <param name="Repository">The repository.</param>
    /// <param name="Tags">The tags that point to it there.</param>
    /// <param name="Subject">Its subject, when the repository has it.</param>
    /// <param name="PushedBy">Latest possible time of its push. Manifests older than this record have the time at which it began.</param>
    /// <param name="IsRoot">True when it stays without a holder: neither an index that listed it nor its subject was deleted.</param>
    /// <param name="IdleSeconds">Running time since something there last held it, in seconds; null while it is held.</param>
    /// <param name="ExpiresAfterSeconds">Running time until it expires, in seconds; negative when overdue, null when it does not expire.</param>
    /// <param name="IsUnsettled">True when its subject was pushed or deleted, and the next cycle of the collector holds or releases it.</param>
    internal sealed record RepositoryManifest(
        string Repository,
        IReadOnlyList<string> Tags,
        string? Subject,
        DateTimeOffset PushedBy,
        bool IsRoot,
        long? IdleSeconds,
        long? ExpiresAfterSeconds,
        bool IsUnsettled)
    {
        /// <summary>Upstream from which the repository is mirrored; null for a local one.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Upstream { get; init; }

        /// <summary>How long it stays.</summary>
        [JsonIgnore]
        public ManifestStanding Standing { get; init; }
    }

    internal sealed record Referrer(string Repository, string Manifest);
}
