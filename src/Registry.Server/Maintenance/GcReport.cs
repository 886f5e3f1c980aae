using Registry.Core;
using Registry.Core.Collection;
using Registry.Core.Collection.Records;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Api.Maintenance;

namespace Registry.Server.Maintenance;

/// <summary>Reports of <c>registry gc</c>: a preview, the untagged manifests, and the explanation why a blob or manifest is kept.</summary>
/// <param name="target">The registry.</param>
internal sealed class GcReport(MaintenanceTarget target)
{
    // Of a running registry, whose memory the lists share with requests.
    private const int MaxListedBeside = 2000;
    private const int MaxUntaggedBeside = 10_000;

    private readonly RegistryCore _core = target.Core;
    private readonly CollectionForecast _forecast = target.Core.Forecast;

    /// <summary>Returns the reason why a collection needs <c>--force</c>; null when it does not.</summary>
    public string? Objection(CollectionEstimate estimate, long unknown, long passed)
    {
        var (removable, all) = estimate;
        return Paused() ?? Plausibility.ObjectionTo(estimate, unknown, passed) switch
        {
            CollectionObjection.None => null,
            CollectionObjection.TooMuch =>
                $"{removable.Manifests} of {Count.Of(all.Manifests, "manifest")}, {removable.Links} of {Count.Of(all.Links, "link")} and {removable.Blobs} of {Count.Of(all.Blobs, "blob")} would be removed, more than half",
            _ => $"the metadata does not know {unknown} of {Count.Of(passed, "blob")}, more than half",
        };
    }

    /// <summary>Lists what a collection would remove, with the reasons.</summary>
    public async Task<GcPreview> PreviewAsync(IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var plan = await _core.Plan.PreviewAsync(target.IsServing ? MaxListedBeside : GcPreview.MaxListed, progress, cancellationToken);
        return new GcPreview(
            [.. plan.Manifests.Select(manifest => new GcPreview.ExpiringManifest(manifest.Repository.Value, manifest.Digest.Value, _forecast.IdleFor(manifest.IdleSince)))],
            [.. plan.Links.Select(link => new GcPreview.ExpiringLink(link.Repository.Value, link.Digest.Value, _forecast.IdleFor(link.IdleSince)))],
            [
                .. plan.Blobs.Listed.Select(blob => new GcPreview.DoomedBlob(
                    blob.Digest.Value, blob.Size, blob.IsOrphan ? "no repository links to it any more" : "no repository would link to it any more")),
                .. plan.Unknown.Select(blob => new GcPreview.DoomedBlob(blob.Key.Value, blob.Value, "the metadata does not know it, and nothing links to it")),
            ],
            [.. plan.Kept.Select(link => new GcPreview.KeptBlob(link.Key.Value, link.Value))],
            new GcPreview.Totals(
                plan.Estimate.Removable.Manifests, plan.Estimate.Removable.Links, plan.RemovedCount, plan.RemovedBytes, plan.NotExamined),
            Objection(plan.Estimate, plan.AllUnknown, plan.AllStored));
    }

    /// <summary>Lists the manifests that nothing has held for the grace period, and deletes them when the request says so.</summary>
    /// <returns>The manifests, and the reason why a requested deletion was refused; null when it was not.</returns>
    public async Task<(GcUntagged Untagged, string? Objection)> UntaggedAsync(GcRequest.UntaggedManifests asked, bool isForced)
    {
        var totals = await target.Storage.ReadTotalsAsync();
        var limit = target.IsServing ? MaxUntaggedBeside : int.MaxValue;
        var idle = await _core.Plan.ListUntaggedAsync(limit);
        var mayBeMore = idle.Count == limit;
        var pushedBefore = (target.Time.GetUtcNow() - asked.OlderThan).ToUnixTimeSeconds();
        IReadOnlyList<ManifestRecord> due = [.. idle.Where(manifest => manifest.PushedAt <= pushedBefore)];
        var (younger, kept) = (idle.Count - due.Count, mayBeMore ? 0 : Math.Max(0, totals.Untagged - idle.Count));
        var objection = asked.IsDeletion && !isForced ? Paused() ?? ObjectionToDelete(due.Count, totals.Manifests) : null;
        var deletes = asked.IsDeletion && objection is null;
        var listed = deletes ? await _core.Collector.DeleteUntaggedAsync(due, target.Origin) : due;
        return (new GcUntagged(Describe(listed), younger, kept, Describe(due.Except(listed)), deletes, mayBeMore), objection);
    }

    /// <summary>Explains why a blob or manifest is kept, or that it is not stored.</summary>
    public async Task<GcExplanation> ExplainAsync(Digest digest, CancellationToken cancellationToken)
    {
        const int MaxNamed = GcExplanation.MaxNamed;
        var (explanation, stored, place) = await _core.Plan.ExplainAsync(digest, MaxNamed, cancellationToken);
        return new GcExplanation(
            digest.Value,
            stored,
            explanation.State,
            explanation.Size,
            [.. explanation.Links.Select(Explain)],
            [.. explanation.ManifestOf.Select(manifest => Explain(manifest, explanation.NeededBy.Any(parent => parent.Key == manifest.Record.Repository)))],
            [.. explanation.NeededBy.Select(Name)],
            [.. explanation.KeptByTrash.Select(Name)],
            place,
            explanation.ManifestOf.Select(manifest => manifest.Tags.Count)
                .Concat([explanation.Links.Count, explanation.ManifestOf.Count, explanation.NeededBy.Count, explanation.KeptByTrash.Count])
                .Any(count => count == MaxNamed));
    }

    // A registry that was read-only, or could not write, may have stopped before the promises of its answers were over. So may one whose content was moved here.
    private string? Paused() => _core.Pause.Left is > 0 and var left
        ? $"Clients were told that content exists while the registry was read-only, could not write, or was elsewhere before it moved here; everything stays for another {left} s of its running time"
        : null;

    private static string? ObjectionToDelete(long untagged, long manifests) => !Plausibility.IsExceeded(untagged, manifests)
        ? null
        : $"{untagged} of {Count.Of(manifests, "manifest")} would be deleted, more than half";

    private List<GcUntagged.Manifest> Describe(IEnumerable<ManifestRecord> manifests) =>
    [
        .. manifests.OrderBy(manifest => manifest.Repository.Value, StringComparer.Ordinal).Select(manifest => new GcUntagged.Manifest(
            manifest.Repository.Value, manifest.Digest.Value, DateTimeOffset.FromUnixTimeSeconds(manifest.PushedAt), _forecast.IdleFor(manifest.IdleSince))),
    ];

    private static GcExplanation.Referrer Name(KeyValuePair<RepositoryName, Digest> manifest) => new(manifest.Key.Value, manifest.Value.Value);

    private GcExplanation.RepositoryLink Explain(LinkRecord link) => new(
        link.Repository.Value, IdleOrNull(link.IdleSince), _forecast.ExpiresAfter(link));

    private GcExplanation.RepositoryManifest Explain(ManifestExplanation manifest, bool hasParent)
    {
        var record = manifest.Record;
        return new GcExplanation.RepositoryManifest(
            record.Repository.Value,
            manifest.Tags,
            manifest.Subject?.Value,
            DateTimeOffset.FromUnixTimeSeconds(record.PushedAt),
            record.IsRoot,
            IdleOrNull(record.IdleSince),
            manifest.IsUnsettled ? null : _forecast.ExpiresAfter(record),
            manifest.IsUnsettled)
        {
            Upstream = record.Upstream,
            Standing = CollectionForecast.StandingOf(manifest, hasParent),
        };
    }

    private long? IdleOrNull(long? idleSince) => idleSince is null ? null : _forecast.IdleFor(idleSince);
}
