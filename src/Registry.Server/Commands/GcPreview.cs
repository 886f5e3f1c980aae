namespace Registry.Server.Commands;

/// <summary>What <c>registry gc</c> would remove.</summary>
/// <param name="Links">The links that would expire.</param>
/// <param name="Blobs">The blobs that would be removed.</param>
/// <param name="Kept">Blobs that the metadata does not know, and that stay.</param>
/// <param name="Objection">Why it would be removed with <c>--force</c> only; null when it would be without.</param>
internal sealed record GcPreview(
    IReadOnlyList<GcPreview.ExpiringLink> Links, IReadOnlyList<GcPreview.DoomedBlob> Blobs, IReadOnlyList<GcPreview.KeptBlob> Kept, string? Objection)
{
    /// <summary>The size of all blobs that would be removed.</summary>
    public long Bytes => Blobs.Sum(blob => blob.Bytes);

    public void Write(TextWriter output)
    {
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

        output.WriteLine($"{Links.Count} links and {Blobs.Count} blobs of {Bytes} bytes would be removed. Nothing was changed.");
        if (Objection is not null)
        {
            output.WriteLine($"{Objection}: only 'registry gc --force' removes them.");
        }
    }

    /// <param name="Repository">Where it is.</param>
    /// <param name="Digest">What it links to.</param>
    /// <param name="IdleSeconds">For how long no manifest there has needed it, in running time.</param>
    internal sealed record ExpiringLink(string Repository, string Digest, long IdleSeconds);

    internal sealed record DoomedBlob(string Digest, long Bytes, string Reason);

    /// <param name="Digest">Which.</param>
    /// <param name="Place">What in the tree may link to it.</param>
    internal sealed record KeptBlob(string Digest, string Place);
}
