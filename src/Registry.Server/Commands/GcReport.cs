using Registry.Core.Errors;
using Registry.Core.Maintenance;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Server.Commands;

/// <summary>Previews a collection, lists untagged manifests, and explains why a blob or manifest is kept.</summary>
internal sealed class GcReport(RegistryStorage storage, GarbageCollector collector, StorageWalk walk, TimeSpan grace)
{
    private const int MaxListed = GcPreview.MaxListed;

    /// <summary>Returns the reason why a collection needs <c>--force</c>; null when it does not.</summary>
    public static string? Objection(long wait, CollectionEstimate estimate, long unknown, long passed)
    {
        if (wait > 0)
        {
            return Killed(wait);
        }

        if (estimate.IsImplausible)
        {
            var (removable, all) = estimate;
            return $"{removable.Manifests} of {Count.Of(all.Manifests, "manifest")}, {removable.Links} of {Count.Of(all.Links, "link")} and {removable.Blobs} of {Count.Of(all.Blobs, "blob")} would be removed, more than half";
        }

        return StorageWalk.IsImplausible(unknown, passed) ? $"the metadata does not know {unknown} of {Count.Of(passed, "blob")}, more than half" : null;
    }

    /// <summary>Lists what a collection would remove, with the reasons.</summary>
    public async Task<GcPreview> PreviewAsync()
    {
        var (unknown, unknownCount, passed) = await walk.FindAsync(CancellationToken.None);
        var manifests = await storage.CollectorMetadata.ListIdleManifestsAsync(collector.IdleBefore, withRoots: false, MaxListed);
        var links = await storage.CollectorMetadata.ListIdleAsync(collector.IdleBefore, MaxListed);
        var removable = await storage.CollectorMetadata.ListRemovableBlobsAsync(collector.IdleBefore, MaxListed);
        var estimate = await collector.EstimateAsync();
        var blobs = removable.Listed.Select(blob => new GcPreview.DoomedBlob(
            blob.Digest.Value, blob.Size, blob.IsOrphan ? "no repository links to it any more" : "no repository would link to it any more")).ToList();
        var (count, bytes) = (removable.Count, removable.Bytes);
        var linked = await walk.FindLinkedAsync(unknown, CancellationToken.None);
        foreach (var digest in unknown.Where(digest => !linked.ContainsKey(digest)))
        {
            var size = await storage.Blobs.StatAsync(digest) ?? 0;
            (count, bytes) = (count + 1, bytes + size);
            blobs.Add(new GcPreview.DoomedBlob(digest.Value, size, "the metadata does not know it, and nothing links to it"));
        }

        return new GcPreview(
            [.. manifests.Select(manifest => new GcPreview.ExpiringManifest(manifest.Repository.Value, manifest.Digest.Value, Idle(manifest.IdleSince)))],
            [.. links.Select(link => new GcPreview.ExpiringLink(link.Repository.Value, link.Digest.Value, Idle(link.IdleSince)))],
            blobs,
            [.. linked.Select(link => new GcPreview.KeptBlob(link.Key.Value, link.Value))],
            new GcPreview.Totals(estimate.Removable.Manifests, estimate.Removable.Links, count, bytes, unknownCount - unknown.Count),
            Objection(collector.Wait, estimate, unknownCount, passed));
    }

    /// <summary>Lists the manifests that nothing has held for the grace period, and deletes them when the request says so.</summary>
    /// <returns>The manifests, and the reason why a requested deletion was refused; null when it was not.</returns>
    public async Task<(GcUntagged Untagged, string? Objection)> UntaggedAsync(GcRequest.UntaggedManifests asked, DateTimeOffset now, bool isForced)
    {
        var totals = await storage.ReadTotalsAsync();
        var idle = await storage.CollectorMetadata.ListIdleManifestsAsync(collector.IdleBefore, withRoots: true, int.MaxValue);
        var pushedBefore = (now - asked.OlderThan).ToUnixTimeSeconds();
        IReadOnlyList<ManifestRecord> due = [.. idle.Where(manifest => manifest.PushedAt <= pushedBefore)];
        var (younger, kept) = (idle.Count - due.Count, totals.Untagged - idle.Count);
        var objection = asked.IsDeletion && !isForced ? ObjectionToDelete(due.Count, totals.Manifests) : null;
        var deletes = asked.IsDeletion && objection is null;
        if (deletes)
        {
            due = await collector.DeleteUntaggedAsync(due);
        }

        return (new GcUntagged([.. due.OrderBy(manifest => manifest.Repository.Value, StringComparer.Ordinal).Select(Describe)], younger, kept, deletes), objection);
    }

    /// <summary>Explains why a blob or manifest is kept, or that it is not stored.</summary>
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
            [.. explanation.ManifestOf.Select(Explain)],
            [.. explanation.NeededBy.Select(referrer => new GcExplanation.Referrer(referrer.Key.Value, referrer.Value.Value))],
            place,
            explanation.ManifestOf.Select(manifest => manifest.Tags.Count)
                .Concat([explanation.Links.Count, explanation.ManifestOf.Count, explanation.NeededBy.Count])
                .Any(count => count == MaxNamed));
    }

    private string? ObjectionToDelete(long untagged, long manifests) =>
        collector.Wait > 0 ? Killed(collector.Wait)
        : Plausibility.IsExceeded(untagged, manifests) ? $"{untagged} of {Count.Of(manifests, "manifest")} would be deleted, more than half"
        : null;

    private static string Killed(long wait) =>
        $"The registry was killed and lost the list of blobs that clients were told exist; all blobs stay for another {wait} s of its running time";

    private GcUntagged.Manifest Describe(ManifestRecord manifest) => new(
        manifest.Repository.Value, manifest.Digest.Value, DateTimeOffset.FromUnixTimeSeconds(manifest.PushedAt), Idle(manifest.IdleSince));

    private GcExplanation.RepositoryLink Explain(LinkRecord link) => new(
        link.Repository.Value, IdleOrNull(link.IdleSince), Left(link.IdleSince, link.IsPinned));

    private GcExplanation.RepositoryManifest Explain(ManifestExplanation manifest)
    {
        var record = manifest.Record;
        return new GcExplanation.RepositoryManifest(
            record.Repository.Value,
            manifest.Tags,
            manifest.Subject?.Value,
            DateTimeOffset.FromUnixTimeSeconds(record.PushedAt),
            record.IsRoot,
            IdleOrNull(record.IdleSince),
            Left(record.IdleSince, record.IsPinned || record.IsRoot));
    }

    private long? IdleOrNull(long? idleSince) => idleSince is null ? null : Idle(idleSince);

    private long? Left(long? idleSince, bool stays) => idleSince is null || stays ? null : (long)grace.TotalSeconds - Idle(idleSince);

    private long Idle(long? idleSince) => storage.Clock.Now - (idleSince ?? storage.Clock.Now);
}
