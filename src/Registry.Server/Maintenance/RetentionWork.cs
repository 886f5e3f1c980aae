using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Policies.Retention;
using Registry.Server.Api.Maintenance;

namespace Registry.Server.Maintenance;

/// <summary>A run of the rules about retention that a person asks for, or its preview.</summary>
/// <param name="isDryRun">True to change nothing.</param>
/// <param name="isConfirmed">True to delete however much it is.</param>
/// <param name="repository">The repository of a preview; null for all.</param>
internal sealed class RetentionWork(bool isDryRun, bool isConfirmed = false, RepositoryName? repository = null) : IMaintenanceWork
{
    /// <summary>Name of the work.</summary>
    public const string Name = "retention";

    // Of each kind. The lists of a running registry share the memory with requests.
    private const int MaxListedBeside = 20_000;
    private const int MaxListed = 1_000_000;

    /// <summary>The repository of a preview; null for all.</summary>
    public RepositoryName? Repository => repository;

    public string Kind => Name;

    public IReadOnlyDictionary<string, string> Parameters
    {
        get
        {
            var parameters = WorkParameters.Of(("dryRun", isDryRun), ("yes", isConfirmed));
            if (repository is { } name)
            {
                parameters.Add("repository", name.Value);
            }

            return parameters;
        }
    }

    public string Interrupted => isDryRun ? "the preview was interrupted; nothing was changed" : "the run was interrupted; what it has deleted is in the trash, and the next run deletes the rest";

    public async Task<MaintenanceReport> RunAsync(MaintenanceTarget target, IProgress<WorkDone>? progress, CancellationToken cancellationToken)
    {
        var retention = target.Core.Retention;
        if (!retention.HasRules)
        {
            return MaintenanceReport.Refuse("no rule is about retention; REGISTRY_POLICY_CONFIG names a file of rules, in which 'keep' or 'delete' says what stays");
        }

        if (!isDryRun && target.Core.IsReadOnly)
        {
            return MaintenanceReport.Refuse("the registry is read-only, so nothing was deleted; end that mode with 'registry read-only off', and run the command again");
        }

        var limit = target.IsServing ? MaxListedBeside : MaxListed;
        var report = isDryRun
            ? await retention.PreviewAsync(
                repository, limit, WorkProgress.Part<long>(progress, done => new WorkDone("Deciding", done, Unit: "repositories")), cancellationToken)
            : await retention.RunAsync(
                isConfirmed, target.Origin.Actor, limit, WorkProgress.Part<long>(progress, done => new WorkDone("Deleting", done, Unit: "tags and manifests")), cancellationToken);
        return report.IsRefused
            ? MaintenanceReport.Refuse($"{ObjectionOf(report)}. Nothing was deleted. 'registry policy preview' lists what would be deleted, 'registry policy run --yes' deletes it")
            : new MaintenanceReport { Retained = Describe(report) };
    }

    private RetentionResult Describe(RetentionReport report) => new(
        Describe(report.Deleted),
        Describe(report.Kept),
        Describe(report.Left),
        [.. report.TooLarge.Select(name => name.Value)],
        new RetentionResult.Numbers(report.Repositories, report.DeletedTags, report.DeletedManifests, report.AllKept, report.AllLeft),
        isDryRun,
        isDryRun && report.Implausible.Count > 0 ? ObjectionOf(report) : null);

    private static List<RetentionResult.Decision> Describe(IReadOnlyList<RetentionDecision> decisions) =>
        [.. decisions.Select(decision => new RetentionResult.Decision(decision.Repository.Value, decision.Tag?.Value, decision.Digest.Value, decision.Reason))];

    private static string ObjectionOf(RetentionReport report) => string.Join("; ", report.Implausible.Select(one =>
        $"{one.Value.Deleted} of {Count.Of(one.Value.All, "tag")} of {one.Key} would be deleted, more than half"));
}
