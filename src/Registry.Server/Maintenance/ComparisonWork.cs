using Registry.Core.Storage;
using Registry.Server.Api.Maintenance;
using Registry.Storage.Files.Tree;

namespace Registry.Server.Maintenance;

/// <summary>A comparison of the repositories tree with the metadata: <c>registry reindex --dry-run</c>. Changes nothing.</summary>
internal sealed class ComparisonWork : IMaintenanceWork
{
    /// <summary>Name of the work.</summary>
    public const string Name = "reindex";

    public string Kind => Name;

    public IReadOnlyDictionary<string, string> Parameters => WorkParameters.Of(("dryRun", true));

    public string Interrupted => "the comparison was interrupted; nothing was changed";

    public async Task<MaintenanceReport> RunAsync(MaintenanceTarget target, IProgress<WorkDone>? progress, CancellationToken cancellationToken)
    {
        if (target.Storage.Files is not { } files)
        {
            return MaintenanceReport.Refuse("the blobs are in a bucket, so there is no tree to compare the metadata with");
        }

        var comparing = WorkProgress.Part<long>(progress, compared => new WorkDone("Comparing", compared, Unit: "repositories"));
        var following = target.IsServing ? new TreeFollowing(target.Storage.Changes, files.CatchUpAsync) : null;
        var comparison = new TreeComparison(files.Tree, target.Storage.Listing, target.Storage.Threads, following, comparing);
        var report = new ReindexReport();
        try
        {
            await foreach (var difference in comparison.FindAsync(cancellationToken))
            {
                report.Add(difference);
            }
        }
        catch (StorageException e) when (files.IsBehind)
        {
            return MaintenanceReport.Refuse(
                $"the files cannot follow the metadata now, so a comparison would tell nothing: {e.Message.TrimEnd('.')}. Remove the cause, which the log has, too, and run the command again");
        }

        return new MaintenanceReport { Compared = report.End(comparison.Compared) };
    }
}
