namespace Registry.Server.Commands;

/// <summary>What <c>registry gc</c> would remove. The lists are cut off at <see cref="MaxListed"/>, the counts are not.</summary>
/// <param name="Manifests">The manifests that would expire.</param>
/// <param name="Links">The links that would expire.</param>
/// <param name="Blobs">The blobs that would be removed.</param>
/// <param name="Kept">Blobs that the metadata does not know, and that stay.</param>
/// <param name="Counts">How much there is of each.</param>
/// <param name="Objection">Why it would be removed with <c>--force</c> only; null when it would be without.</param>
internal sealed record GcPreview(
    IReadOnlyList<GcPreview.ExpiringManifest> Manifests,
    IReadOnlyList<GcPreview.ExpiringLink> Links,
    IReadOnlyList<GcPreview.DoomedBlob> Blobs,
    IReadOnlyList<GcPreview.KeptBlob> Kept,
    GcPreview.Totals Counts,
    string? Objection)
{
    /// <summary>How many of a kind are listed.</summary>
    public const int MaxListed = 10_000;

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
            output.WriteLine($"{blob.Digest} would be removed, {blob.Bytes} bytes: {blob.Reason}");
        }

        foreach (var blob in Kept)
        {
            output.WriteLine($"{blob.Digest} would stay, although the metadata does not know it: {blob.Place} may link to it; a reindex tells");
        }

        if (Counts.Manifests > Manifests.Count || Counts.Links > Links.Count || Counts.Blobs > Blobs.Count)
        {
            output.WriteLine($"The first {MaxListed} of a kind are listed.");
        }

        if (Counts.NotLookedAt > 0)
        {
            output.WriteLine($"{Counts.NotLookedAt} more blobs that the metadata does not know are not listed; they are not counted here.");
        }

        output.WriteLine(
            $"{Counts.Manifests} manifests, {Counts.Links} links and {Counts.Blobs} blobs of {Counts.Bytes} bytes would be removed. Nothing was changed.");
        if (Objection is not null)
        {
            output.WriteLine($"{Objection}: only 'registry gc --force' removes them.");
        }
    }

    /// <param name="Repository">Where it is.</param>
    /// <param name="Digest">Which.</param>
    /// <param name="IdleSeconds">For how long nothing there has held it, in running time.</param>
    internal sealed record ExpiringManifest(string Repository, string Digest, long IdleSeconds);

    /// <param name="Repository">Where it is.</param>
    /// <param name="Digest">What it links to.</param>
    /// <param name="IdleSeconds">For how long no manifest there has needed it, in running time.</param>
    internal sealed record ExpiringLink(string Repository, string Digest, long IdleSeconds);

    internal sealed record DoomedBlob(string Digest, long Bytes, string Reason);

    /// <param name="Digest">Which.</param>
    /// <param name="Place">What in the tree may link to it.</param>
    internal sealed record KeptBlob(string Digest, string Place);

    /// <param name="Manifests">How many manifests would expire.</param>
    /// <param name="Links">How many links would expire.</param>
    /// <param name="Blobs">How many blobs would be removed.</param>
    /// <param name="Bytes">The size of those.</param>
    /// <param name="NotLookedAt">How many more blobs the metadata does not know.</param>
    internal sealed record Totals(long Manifests, long Links, long Blobs, long Bytes, long NotLookedAt);
}
