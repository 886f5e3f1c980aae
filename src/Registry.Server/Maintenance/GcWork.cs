using Registry.Core.Oci;
using Registry.Server.Api.Maintenance;

namespace Registry.Server.Maintenance;

/// <summary>A collection of garbage that a person asks for, its preview, the untagged manifests, or the explanation why something is kept.</summary>
/// <param name="request">What is asked for.</param>
internal sealed class GcWork(GcRequest request) : IMaintenanceWork
{
    /// <summary>Name of the work.</summary>
    public const string Name = "gc";

    private const string ReadOnly = "the registry is read-only, so nothing was removed; end that mode with 'registry read-only off', and run the command again";

    /// <summary>The blob or manifest to explain, which takes no job; null for none.</summary>
    public Digest? Explained => request.Explained;

    public string Kind => Name;

    public IReadOnlyDictionary<string, string> Parameters => request.Parameters;

    public string Interrupted => "the collection was interrupted; run it again to continue";

    public async Task<MaintenanceReport> RunAsync(MaintenanceTarget target, IProgress<WorkDone>? progress, CancellationToken cancellationToken)
    {
        var report = new GcReport(target);
        return request switch
        {
            { Explained: { } digest } => new MaintenanceReport { Explanation = await report.ExplainAsync(digest, cancellationToken) },
            { IsDryRun: true } => new MaintenanceReport { Preview = await report.PreviewAsync(Looking(progress), cancellationToken) },
            { Untagged: { } untagged } => await ReportUntaggedAsync(target, report, untagged, cancellationToken),
            _ => await CollectAsync(target, report, progress, cancellationToken),
        };
    }

    private static IProgress<long>? Looking(IProgress<WorkDone>? progress) =>
        WorkProgress.Part<long>(progress, done => new WorkDone("Looking for unknown blobs", done, Unit: "blobs"));

    private async Task<MaintenanceReport> CollectAsync(MaintenanceTarget target, GcReport report, IProgress<WorkDone>? progress, CancellationToken cancellationToken)
    {
        var core = target.Core;
        if (core.IsReadOnly)
        {
            return MaintenanceReport.Refuse(ReadOnly);
        }

        if (target.IsServing)
        {
            // Another process may have saved a pause.
            await core.Collector.SaveClockAsync();
        }

        var (found, unknown, passed) = await core.Sweep.FindAsync(Looking(progress), cancellationToken);
        if (!request.IsForced && report.Objection(await core.Plan.EstimateAsync(), unknown, passed) is { } objection)
        {
            return MaintenanceReport.Refuse($"{objection}. Nothing was removed. 'registry gc --dry-run' lists what would be removed, 'registry gc --force' removes it");
        }

        GcResult? result = null;
        var isDone = await core.Collector.TryRunAsync(async () =>
        {
            var removing = WorkProgress.Part<long>(progress, done => new WorkDone("Removing", done, Unit: "blobs"));
            var (manifests, links, blobs) = await core.Collector.CollectAsync(request.IsForced, removing, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            result = new GcResult(manifests, links, blobs + await RemoveUnknownAsync(target, found, unknown, cancellationToken));
        });
        return isDone ? new MaintenanceReport { Collected = result } : MaintenanceReport.Refuse(ReadOnly);
    }

    private static async Task<int> RemoveUnknownAsync(MaintenanceTarget target, IReadOnlyList<Digest> found, long unknown, CancellationToken cancellationToken)
    {
        var blobs = 0;
        while (await target.Core.Sweep.RemoveAsync(found, cancellationToken) is var removed and > 0)
        {
            // One walk lists a bounded number of blobs; this lists the rest.
            blobs += removed;
            unknown -= found.Count;
            found = unknown > 0 ? (await target.Core.Sweep.FindAsync(cancellationToken)).Found : [];
        }

        return blobs;
    }

    private async Task<MaintenanceReport> ReportUntaggedAsync(
        MaintenanceTarget target, GcReport report, GcRequest.UntaggedManifests asked, CancellationToken cancellationToken)
    {
        MaintenanceReport? result = null;
        await target.Core.Collector.TryRunAsync(async () =>
        {
            // Manifests whose subject was pushed a moment ago, or just before the registry stopped, are not idle.
            await target.Core.Collector.SettleReferrersAsync(cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            result = await ListAsync();
        });
        return result ?? (asked.IsDeletion ? MaintenanceReport.Refuse(ReadOnly) : await ListAsync());

        async Task<MaintenanceReport> ListAsync()
        {
            var (untagged, objection) = await report.UntaggedAsync(asked, request.IsForced);
            return objection is null
                ? new MaintenanceReport { Untagged = untagged }
                : MaintenanceReport.Refuse(
                    $"{objection}. Nothing was deleted. 'registry gc --untagged' lists the manifests, 'registry gc --untagged --delete --force' deletes them");
        }
    }
}
