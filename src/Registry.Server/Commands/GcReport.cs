using Registry.Core.Maintenance;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Server.Commands;

/// <summary>Finds what a collection would remove, and why a blob is still there.</summary>
internal sealed class GcReport(RegistryStorage storage, GarbageCollector collector, StorageWalk walk, TimeSpan grace)
{
    private const int MaxListed = 10_000;

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

    /// <summary>What would be removed, each with the reason.</summary>
    public async Task<GcPreview> PreviewAsync()
    {
        var (unknown, passed) = await walk.FindAsync(CancellationToken.None);
        var links = await storage.CollectorMetadata.ListIdleAsync(collector.IdleBefore, MaxListed);
        var blobs = new List<GcPreview.DoomedBlob>();
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
        foreach (var digest in unknown.Where(digest => !linked.ContainsKey(digest)))
        {
            await AddAsync(digest, "the metadata does not know it, and nothing links to it");
        }

        return new GcPreview(
            [.. links.Select(link => new GcPreview.ExpiringLink(link.Repository.Value, link.Digest.Value, Idle(link)))],
            blobs,
            [.. linked.Select(link => new GcPreview.KeptBlob(link.Key.Value, link.Value))],
            Objection(collector.Wait, await collector.EstimateAsync(), unknown.Count, passed));

        async Task AddAsync(Digest digest, string reason) =>
            blobs.Add(new GcPreview.DoomedBlob(digest.Value, await storage.Blobs.StatAsync(digest) ?? 0, reason));
    }

    /// <summary>Why a blob is there, or that it is not.</summary>
    public async Task<GcExplanation> ExplainAsync(Digest digest)
    {
        const int MaxNamed = GcExplanation.MaxNamed;
        var explanation = await storage.CollectorMetadata.ExplainAsync(digest, MaxNamed);
        var stored = await storage.Blobs.StatAsync(digest);
        string? place = null;
        if (stored is not null && explanation.State == BlobState.Unknown)
        {
            (await walk.FindLinkedAsync([digest], CancellationToken.None)).TryGetValue(digest, out place);
        }

        return new GcExplanation(
            digest.Value,
            stored,
            explanation.State,
            explanation.Size,
            [.. explanation.Links.Select(Explain)],
            [.. explanation.ManifestOf.Select(repository => repository.Value)],
            [.. explanation.NeededBy.Select(referrer => new GcExplanation.Referrer(referrer.Key.Value, referrer.Value.Value))],
            place,
            new[] { explanation.Links.Count, explanation.ManifestOf.Count, explanation.NeededBy.Count }.Any(count => count == MaxNamed));
    }

    private GcExplanation.RepositoryLink Explain(LinkRecord link)
    {
        var isIdle = link.IdleSince is not null;
        return new GcExplanation.RepositoryLink(
            link.Repository.Value, isIdle ? Idle(link) : null, isIdle && !link.IsPinned ? (long)grace.TotalSeconds - Idle(link) : null);
    }

    private bool Expires(LinkRecord link) => !link.IsPinned && link.IdleSince < collector.IdleBefore;

    private long Idle(LinkRecord link) => storage.Clock.Now - (link.IdleSince ?? storage.Clock.Now);
}
