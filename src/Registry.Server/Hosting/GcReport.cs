using Registry.Core.Maintenance;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Server.Hosting;

/// <summary>Says in sentences what a collection would remove, and why a blob is still there.</summary>
internal sealed class GcReport(RegistryStorage storage, GarbageCollector collector, StorageWalk walk, TimeSpan grace, TextWriter output)
{
    private const int MaxListed = 10_000;
    private const int MaxNamed = 20;

    /// <summary>Why a collection should not be run without somebody's saying so; null when it may.</summary>
    public static string? Objection(long wait, CollectionEstimate estimate, long unknown, long passed)
    {
        if (wait > 0)
        {
            return $"The registry was killed, and what it had promised to clients is not known for another {wait} s of its running time";
        }

        if (estimate.IsImplausible)
        {
            return $"{estimate.Links} of {estimate.AllLinks} links and {estimate.Blobs} of {estimate.AllBlobs} blobs would be removed, more than half";
        }

        return StorageWalk.IsImplausible(unknown, passed) ? $"{unknown} of {passed} blobs are unknown to the metadata, more than half" : null;
    }

    /// <summary>Lists what would be removed, each with the reason.</summary>
    public async Task PreviewAsync()
    {
        var (unknown, passed) = await walk.FindAsync(CancellationToken.None);
        var links = await storage.CollectorMetadata.ListIdleAsync(collector.IdleBefore, MaxListed);
        foreach (var link in links)
        {
            output.WriteLine($"{link.Digest} would expire in {link.Repository}: no manifest there has needed it for {Idle(link)} s");
        }

        var count = 0;
        var bytes = 0L;
        foreach (var digest in links.Select(link => link.Digest).Distinct())
        {
            var explanation = await storage.CollectorMetadata.ExplainAsync(digest, MaxListed);
            if (explanation.ManifestOf.Count == 0 && explanation.Links.All(Expires))
            {
                await AddAsync(digest, "no link to it would be left");
            }
        }

        foreach (var digest in await storage.CollectorMetadata.ListOrphansAsync(MaxListed))
        {
            await AddAsync(digest, "no repository links to it any more");
        }

        var linked = await walk.FindLinkedAsync(unknown, CancellationToken.None);
        foreach (var digest in unknown)
        {
            if (linked.TryGetValue(digest, out var place))
            {
                output.WriteLine($"{digest} would stay, although the metadata does not know it: {place} may link to it; a reindex tells");
            }
            else
            {
                await AddAsync(digest, "the metadata does not know it, and nothing links to it");
            }
        }

        output.WriteLine($"{links.Count} links and {count} blobs of {bytes} bytes would be removed. Nothing was changed.");
        if (Objection(collector.Wait, await collector.EstimateAsync(), unknown.Count, passed) is { } objection)
        {
            output.WriteLine($"{objection}: only 'registry gc --force' removes them.");
        }

        async Task AddAsync(Digest digest, string reason)
        {
            var size = await storage.Blobs.StatAsync(digest) ?? 0;
            count++;
            bytes += size;
            output.WriteLine($"{digest} would be removed, {size} bytes: {reason}");
        }
    }

    /// <summary>Says why a blob is there, or that it is not.</summary>
    /// <returns>Whether it is there, or on record.</returns>
    public async Task<bool> ExplainAsync(Digest digest)
    {
        var explanation = await storage.CollectorMetadata.ExplainAsync(digest, MaxNamed);
        var stored = await storage.Blobs.StatAsync(digest);
        if (stored is null && explanation.State == BlobState.Unknown)
        {
            output.WriteLine($"{digest} is not here, and the metadata does not know it.");
            return false;
        }

        output.WriteLine(stored is { } size ? $"{digest} is stored, {size} bytes." : $"{digest} has no bytes here.");
        output.WriteLine(Describe(explanation.State, explanation.Size));
        foreach (var link in explanation.Links)
        {
            output.WriteLine($"{link.Repository} links to it: {Describe(link)}");
        }

        foreach (var repository in explanation.ManifestOf)
        {
            output.WriteLine($"It is a manifest of {repository}: it stays until somebody deletes it.");
        }

        foreach (var (repository, manifest) in explanation.NeededBy)
        {
            output.WriteLine($"The manifest {manifest} of {repository} refers to it.");
        }

        if (explanation.State == BlobState.Unknown)
        {
            var linked = await walk.FindLinkedAsync([digest], CancellationToken.None);
            output.WriteLine(linked.TryGetValue(digest, out var place)
                ? $"{place} may link to it: it is kept; a reindex tells."
                : "Nothing in the tree links to it: it is removed when two rounds of the collector have found it.");
        }

        if (new[] { explanation.Links.Count, explanation.ManifestOf.Count, explanation.NeededBy.Count }.Any(count => count == MaxNamed))
        {
            output.WriteLine($"There may be more; {MaxNamed} of a kind are named.");
        }

        return true;
    }

    private static string Describe(BlobState state, long size) => state switch
    {
        BlobState.Unknown => "The metadata does not know it.",
        BlobState.Mentioned => "The metadata has it as not stored: a manifest mentions it, or verification has found it missing or damaged.",
        BlobState.Stored => $"The metadata has it as stored, {size} bytes.",
        BlobState.Orphaned => "No repository links to it any more: the next cycle of the collector removes it.",
        BlobState.Condemned => "Its removal has begun: the next cycle of the collector finishes it.",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };

    private string Describe(LinkRecord link)
    {
        if (link.IdleSince is null)
        {
            return "a manifest there needs it.";
        }

        if (link.IsPinned)
        {
            return "no manifest there needs it, but something there cannot be read, so that no blob expires.";
        }

        var left = (long)grace.TotalSeconds - Idle(link);
        return left >= 0
            ? $"no manifest there has needed it for {Idle(link)} s; it expires after {left} s more of the registry's running time."
            : $"no manifest there has needed it for {Idle(link)} s, and so it expires in the next cycle of the collector.";
    }

    private bool Expires(LinkRecord link) => !link.IsPinned && link.IdleSince < collector.IdleBefore;

    private long Idle(LinkRecord link) => storage.Clock.Now - (link.IdleSince ?? storage.Clock.Now);
}
