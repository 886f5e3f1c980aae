using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;
using Registry.Core.Promises;
using Registry.Core.Storage;
using Registry.Core.Trash;

namespace Registry.Core.Policies.Retention;

/// <summary>
/// Runs the rules about retention, or tells what a run would do. A repository is read and decided about as a whole, one at a time, beside pushes and pulls; each deletion
/// decides again, in its transaction, whether what it deletes is still as it was read.
/// </summary>
/// <param name="metadata">What repositories have, and their last pulls.</param>
/// <param name="repositories">Lists the repositories.</param>
/// <param name="trash">Finds what signatures belong to.</param>
/// <param name="pulls">Pulls that are not saved yet.</param>
/// <param name="rules">Reads the rules that are in force.</param>
/// <param name="changeRules">Rules that may refuse a deletion.</param>
/// <param name="grace">Grace period of what nothing holds.</param>
/// <param name="keepsDeleted">True to move deleted manifests into the trash.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
public sealed partial class RetentionOperations(
    IRetentionMetadata metadata,
    IMetadataStore repositories,
    ITrash trash,
    PullRecorder pulls,
    Func<PolicyRules> rules,
    IChangeRules changeRules,
    GracePeriod grace,
    bool keepsDeleted,
    TimeProvider time,
    ILogger<RetentionOperations> logger)
{
    /// <summary>Interval at which to ask whether a run is due.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    /// <summary>Time from one run that the registry makes by itself to the next.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromDays(1);

    private const string Changed = "it was pushed, pulled or needed since the decision";

    // Of one repository, of each kind: about 100 MB.
    private const int MostInRepository = 100_000;

    private const int PageSize = 1000;

    private readonly OneByOne _runs = new();
    private volatile RetentionTotals _totals = RetentionTotals.None;

    /// <summary>True if a rule is about retention.</summary>
    public bool HasRules => rules().Rules.Any(rule => rule.IsAboutRetention);

    /// <summary>What the runs have done since this process began.</summary>
    public RetentionTotals Totals => _totals;

    /// <summary>Decides about all repositories, or one, and changes nothing.</summary>
    /// <param name="only">The repository; null for all.</param>
    /// <param name="limit">Length of each list of the report at most.</param>
    /// <param name="progress">Receives the number of repositories so far; null for none.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public async Task<RetentionReport> PreviewAsync(RepositoryName? only, int limit, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var report = new RetentionReport(limit);
        await foreach (var (_, plan) in DecideAsync(only, report, progress, ChangeOrigin.Retention(null), cancellationToken))
        {
            foreach (var decision in plan.Decisions)
            {
                report.Add(decision);
            }
        }

        return report;
    }

    /// <summary>Deletes what no rule keeps, unless it is implausibly much.</summary>
    /// <param name="isConfirmed">True to delete however much it is.</param>
    /// <param name="by">User who runs it; null for the registry itself.</param>
    /// <param name="limit">Length of each list of the report at most.</param>
    /// <param name="progress">Receives the number of deletions so far; null for none.</param>
    /// <param name="cancellationToken">Ends the work before the next deletion.</param>
    public Task<RetentionReport> RunAsync(bool isConfirmed, string? by, int limit, IProgress<long>? progress, CancellationToken cancellationToken) =>
        _runs.RunAsync(() => RunAloneAsync(isConfirmed, ChangeOrigin.Retention(by), limit, progress, cancellationToken));

    /// <summary>True if a run that the registry makes by itself is due: a day after the last one, and a day after it has found rules for the first time.</summary>
    public async Task<bool> IsDueAsync()
    {
        var last = await metadata.FindMarkAsync(RetentionMark.LastRun);
        var now = time.GetUtcNow();
        if (!HasRules)
        {
            if (last is not null)
            {
                await metadata.SetMarkAsync(RetentionMark.LastRun, null);
            }

            return false;
        }

        // A time in the future is of a clock that was set back.
        if (last is null || last > now)
        {
            await metadata.SetMarkAsync(RetentionMark.LastRun, now);
            return false;
        }

        return now - last >= Period;
    }

    /// <summary>Makes the run that is due.</summary>
    public async Task RunDueAsync(CancellationToken cancellationToken)
    {
        await metadata.SetMarkAsync(RetentionMark.LastRun, time.GetUtcNow());
        var report = await RunAsync(isConfirmed: false, by: null, limit: 0, progress: null, cancellationToken);
        foreach (var (rule, count) in report.IsRefused ? report.Implausible : [])
        {
            LogImplausible(rule.ToString(), count.Deleted, count.All);
        }
    }

    private async Task<RetentionReport> RunAloneAsync(bool isConfirmed, ChangeOrigin origin, int limit, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        if (!isConfirmed)
        {
            var expected = new RetentionReport(limit);
            await foreach (var _ in DecideAsync(null, expected, null, origin, cancellationToken))
            {
            }

            if (expected.Implausible.Count > 0)
            {
                expected.IsRefused = true;
                _totals = _totals with { Refused = _totals.Refused + 1 };
                return expected;
            }
        }

        var report = new RetentionReport(limit);
        DateTimeOffset? endedAt = null;
        try
        {
            await foreach (var (repository, plan) in DecideAsync(null, report, null, origin, cancellationToken))
            {
                await DeleteAsync(repository, plan, report, origin, progress, cancellationToken);
            }

            endedAt = time.GetUtcNow();
        }
        finally
        {
            // One run at a time.
            _totals = _totals.Add(report, endedAt);
        }

        LogRun(report.Repositories, report.DeletedTags, report.DeletedManifests, report.AllKept, report.AllLeft);
        return report;
    }

    private async Task DeleteAsync(
        RepositoryName repository, RetentionPlan plan, RetentionReport report, ChangeOrigin origin, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var left = new Dictionary<(Digest, Tag?), string>();
        foreach (var step in plan.Steps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await DeleteAsync(step, origin) is { } reason)
            {
                left[(step.Digest, step.Tag)] = reason;
            }

            progress?.Report(report.DeletedTags + report.DeletedManifests);
        }

        foreach (var decision in plan.Decisions)
        {
            var reason = decision.IsKept ? null : left.GetValueOrDefault((decision.Digest, decision.Tag)) ?? left.GetValueOrDefault((decision.Digest, null));
            if (reason is null)
            {
                report.Add(decision);
            }
            else
            {
                report.AddLeft(decision with { IsKept = true, Reason = reason });
            }
        }

        if (plan.Steps.Count > 0)
        {
            LogRepository(repository.Value, plan.Steps.Count - left.Count, left.Count);
        }
    }

    // Returns why it stays; null if it is deleted.
    private async Task<string?> DeleteAsync(RetentionStep step, ChangeOrigin origin)
    {
        if (step.PulledBefore is not null && pulls.IsNoted(step.Repository, step.Digest))
        {
            return Changed;
        }

        var deleted = await metadata.DeleteAsync(step, origin, keepsDeleted);
        var error = deleted.TryGet(out var deletion, out var refused) ? deletion.Stopped : refused;
        if (deletion?.Fault is { } fault)
        {
            ExceptionDispatchInfo.Throw(fault);
        }

        return error is null || error.Code == RegistryErrorCode.ManifestUnknown ? null
            : error.Code == RegistryErrorCode.PreconditionFailed ? Changed
            : $"another rule refuses the deletion: {(error.Details is [var detail, ..] ? detail : error.Code.Message)}";
    }

    private async IAsyncEnumerable<(RepositoryName Repository, RetentionPlan Plan)> DecideAsync(
        RepositoryName? only,
        RetentionReport report,
        IProgress<long>? progress,
        ChangeOrigin origin,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var current = rules();
        await foreach (var repository in ListAsync(only, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (RetentionRules.Find(current, repository) is not { } found)
            {
                continue;
            }

            // The time first: what is pulled after it was not read.
            await pulls.FlushAsync();
            var now = PullRecorder.ToMinute(time.GetUtcNow());
            var since = await metadata.FindMarkAsync(RetentionMark.PullsRecordedSince);
            var content = await metadata.ReadAsync(repository, MostInRepository);
            if (content is null)
            {
                report.AddTooLarge(repository);
                LogTooLarge(repository.Value, MostInRepository);
                continue;
            }

            if (!content.IsMirrored)
            {
                content = content with { Trashed = await FindTrashedAsync(content) };
                var plan = RetentionEvaluation.Evaluate(content, found, new RetentionSituation(now, since, grace.Length, changeRules, origin));
                report.Add(plan.Counts);
                report.AddRepository();
                yield return (repository, plan);
            }

            progress?.Report(report.Repositories);
        }
    }

    private async IAsyncEnumerable<RepositoryName> ListAsync(
        RepositoryName? only, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (only is { } one)
        {
            yield return one;
            yield break;
        }

        string? last = null;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = await repositories.ListRepositoriesAsync([RepositoryRange.All], last, PageSize);
            foreach (var name in page.Items)
            {
                yield return RepositoryName.Parse(name);
            }

            last = page.HasMore ? page.Items[^1] : null;
        }
        while (last is not null);
    }

    private async Task<HashSet<Digest>> FindTrashedAsync(RetainedRepository content)
    {
        var subjects = content.Tags.Select(tag => AttachedTag.FindSubject(tag.Name)).OfType<Digest>().ToHashSet();
        subjects.ExceptWith(content.Manifests.Select(manifest => manifest.Digest));
        var trashed = new HashSet<Digest>();
        foreach (var subject in subjects)
        {
            if (await trash.FindAsync(content.Repository, subject) is not null)
            {
                trashed.Add(subject);
            }
        }

        return trashed;
    }

    [LoggerMessage(1, LogLevel.Information,
        "Retention: {Repositories} repositories with rules, {Tags} tags and {Manifests} untagged manifests deleted, {Kept} tags and manifests kept, {Left} left since they changed meanwhile or a rule refuses their deletion")]
    private partial void LogRun(long repositories, long tags, long manifests, long kept, long left);

    [LoggerMessage(2, LogLevel.Information, "Retention of {Repository}: {Deleted} images and tags deleted, {Left} left")]
    private partial void LogRepository(string repository, int deleted, int left);

    [LoggerMessage(3, LogLevel.Error,
        "Retention would delete {Deleted} of {All} tags of {Rule}, more than half: nothing is deleted, of no rule. See them with 'registry policy preview'; if the deletion is right, run 'registry policy run --yes'")]
    private partial void LogImplausible(string rule, long deleted, long all);

    [LoggerMessage(4, LogLevel.Warning, "Retention leaves {Repository} alone: it has more than {Most} manifests or tags")]
    private partial void LogTooLarge(string repository, int most);
}
