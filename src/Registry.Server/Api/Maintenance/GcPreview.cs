using System.Text.Json.Serialization;
using Registry.Core.Errors;

namespace Registry.Server.Api.Maintenance;

/// <summary>Content that <c>registry gc</c> would remove. The lists are cut off, earlier while the registry serves; the counts are complete.</summary>
/// <param name="Manifests">The manifests that would expire.</param>
/// <param name="Links">The links that would expire.</param>
/// <param name="Blobs">The blobs that would be removed.</param>
/// <param name="Kept">Blobs that the metadata does not know and that would stay.</param>
/// <param name="Counts">Total counts.</param>
/// <param name="Objection">The reason why removal needs <c>--force</c>; null when it does not.</param>
internal sealed record GcPreview(
    IReadOnlyList<GcPreview.ExpiringManifest> Manifests,
    IReadOnlyList<GcPreview.ExpiringLink> Links,
    IReadOnlyList<GcPreview.DoomedBlob> Blobs,
    IReadOnlyList<GcPreview.KeptBlob> Kept,
    GcPreview.Totals Counts,
    string? Objection)
{
    /// <summary>Largest number of entries in a list of a stopped registry.</summary>
    public const int MaxListed = 10_000;

    /// <summary>The last line but the objection: the numbers.</summary>
    [JsonIgnore]
    public string Summary =>
        $"{Count.Of(Counts.Manifests, "manifest")}, {Count.Of(Counts.Links, "link")} and {Count.Of(Counts.Blobs, "blob")} of {Count.Of(Counts.Bytes, "byte")} would be removed. Nothing was changed.";

    public void Write(TextWriter output)
    {
        foreach (var manifest in Manifests)
        {
            output.WriteLine(
                $"{manifest.Digest} would expire in {manifest.Repository}: its index or subject was deleted, and nothing there has held it for {manifest.IdleSeconds} s");
        }

        foreach (var link in Links)
        {
            output.WriteLine($"{link.Digest} would expire in {link.Repository}: no manifest there has needed it for {link.IdleSeconds} s");
        }

        foreach (var blob in Blobs)
        {
            output.WriteLine($"{blob.Digest} would be removed, {Count.Of(blob.Bytes, "byte")}: {blob.Reason}");
        }

        foreach (var blob in Kept)
        {
            output.WriteLine($"{blob.Digest} would stay: the metadata does not know it, but {blob.Place} may link to it. 'registry reindex' adds it to the metadata or makes it removable");
        }

        if (Counts.Manifests > Manifests.Count || Counts.Links > Links.Count || Counts.Blobs > Blobs.Count)
        {
            output.WriteLine($"At most {Math.Max(Manifests.Count, Math.Max(Links.Count, Blobs.Count))} of each kind are listed.");
        }

        if (Counts.NotLookedAt > 0)
        {
            output.WriteLine($"Not examined, and neither listed nor counted: {Count.Of(Counts.NotLookedAt, "more blob")} that the metadata does not know.");
        }

        output.WriteLine(Summary);
        if (Objection is not null)
        {
            output.WriteLine($"{Objection}. Only 'registry gc --force' removes them.");
        }
    }

    /// <param name="Repository">The repository.</param>
    /// <param name="Digest">Its digest.</param>
    /// <param name="IdleSeconds">Running time since something there last held it, in seconds.</param>
    internal sealed record ExpiringManifest(string Repository, string Digest, long IdleSeconds);

    /// <param name="Repository">The repository.</param>
    /// <param name="Digest">Target of the link.</param>
    /// <param name="IdleSeconds">Running time since a manifest there last needed it, in seconds.</param>
    internal sealed record ExpiringLink(string Repository, string Digest, long IdleSeconds);

    internal sealed record DoomedBlob(string Digest, long Bytes, string Reason);

    /// <param name="Digest">Its digest.</param>
    /// <param name="Place">Place in the tree that may link to it.</param>
    internal sealed record KeptBlob(string Digest, string Place);

    /// <param name="Manifests">Number of manifests that would expire.</param>
    /// <param name="Links">Number of links that would expire.</param>
    /// <param name="Blobs">Number of blobs that would be removed.</param>
    /// <param name="Bytes">Size of these blobs.</param>
    /// <param name="NotLookedAt">Number of further blobs that the metadata does not know and that were not examined.</param>
    internal sealed record Totals(long Manifests, long Links, long Blobs, long Bytes, long NotLookedAt);
}
