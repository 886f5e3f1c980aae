using Registry.Core.Activity;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Space;

/// <summary>Answers what uses the space: the last round, and the tags of a repository as they are now. No answer waits for a round.</summary>
/// <param name="space">The results of the rounds, and the content of a repository.</param>
/// <param name="metadata">The repositories.</param>
/// <param name="activity">Tells whether a repository has changed.</param>
/// <param name="rounds">The rounds.</param>
/// <param name="time">The clock.</param>
/// <param name="defaultLimit">Size of a page if the client does not give one.</param>
/// <param name="maxLimit">Size of the largest page; a larger limit counts as this one.</param>
#pragma warning disable CA1001 // The semaphore has nothing to dispose without its wait handle.
public sealed class SpaceOperations(
    ISpaceMetadata space, IMetadataStore metadata, IActivity activity, SpaceRounds rounds, TimeProvider time, int defaultLimit, int maxLimit)
#pragma warning restore CA1001
{
    /// <summary>Largest number of manifests, blobs, references and tags of a repository whose tags are computed: about half a second, and 30 MiB.</summary>
    public const int LargestRepository = 100_000;

    /// <summary>Number of repositories of <see cref="ListLargestAsync"/>.</summary>
    public const int MostLargest = 50;

    // After names that the caller may not see, many more may follow: fewer, larger batches.
    private const int BatchSize = 1000;

    // Repositories that are read at the same time, for a database that takes its time for each.
    private const int Readers = 8;

    // One repository at a time is in memory.
    private readonly SemaphoreSlim _one = new(1);
    private readonly KeptTagSpaces _kept = new(activity, time);

    /// <summary>Size of a page.</summary>
    /// <param name="limit">Number that the client requests, 1 or more; null for none.</param>
    public int PageSize(int? limit) => Math.Min(limit ?? defaultLimit, maxLimit);

    /// <summary>Reads the sums of the last round of each day, in the order of the days, and asks for a newer round if the last one is too old to be looked at.</summary>
    public async Task<IReadOnlyList<SpaceSums>> ReadDaysAsync()
    {
        var days = await space.ReadDaysAsync();
        rounds.Ask(days.MaxBy(sums => sums.Round));
        return days;
    }

    /// <summary>Reads the sums of the last round, and asks for a newer one if it is too old to be looked at.</summary>
    /// <returns>The sums, null before the first round; and true if a newer round comes.</returns>
    public async Task<(SpaceSums? Last, bool IsRenewed)> ReadLastAsync()
    {
        var last = await rounds.FindLastAsync();
        return (last, rounds.Ask(last));
    }

    /// <summary>Lists the repositories with their space, by name.</summary>
    /// <param name="last">The page begins after this repository; it need not exist.</param>
    /// <param name="limit">Number of repositories, 1 or more; null for the default.</param>
    /// <param name="ranges">Ranges that contain all repositories that the caller may see.</param>
    /// <param name="mayList">Returns true if the caller may see a repository; others are left out.</param>
    public async Task<Page<NamedSpace>> ListAsync(string? last, int? limit, IReadOnlyList<RepositoryRange> ranges, Func<RepositoryName, bool> mayList)
    {
        ArgumentNullException.ThrowIfNull(mayList);
        var wanted = PageSize(limit);
        var shown = new List<NamedSpace>();
        for (var batchSize = wanted + 1; ; batchSize = Math.Max(wanted, BatchSize))
        {
            var batch = await space.ListRepositoriesAsync(ranges, last, batchSize);
            foreach (var one in batch.Items.Where(one => mayList(RepositoryName.Parse(one.Name))))
            {
                if (shown.Count == wanted)
                {
                    return new Page<NamedSpace>(shown, true);
                }

                shown.Add(one);
            }

            if (!batch.HasMore)
            {
                return new Page<NamedSpace>(shown, false);
            }

            last = batch.Items[^1].Name;
        }
    }

    /// <summary>
    /// Lists the repositories with the most unique bytes in the last round, the largest first, at most <see cref="MostLargest"/>. For callers who see the whole registry: that something is not unique
    /// tells that another repository has it.
    /// </summary>
    public async Task<IReadOnlyList<NamedSpace>> ListLargestAsync() =>
        [.. (await space.ListLargestAsync(MostLargest)).OrderByDescending(one => one.Space.Unique).ThenBy(one => one.Name, StringComparer.Ordinal)];

    /// <summary>Finds the space of a repository in the last round; zero if it holds nothing, or is newer; NAME_UNKNOWN if there is no such repository.</summary>
    public async Task<Result<RepositorySpace>> FindAsync(RepositoryName repository) =>
        await metadata.ListTagsAsync(repository, last: null, limit: 1) is null
            ? RegistryErrorCode.NameUnknown
            : await space.FindRepositoryAsync(repository) ?? default(RepositorySpace);

    /// <summary>Finds the space of repositories in the last round, in the order in which they are given. Those that hold nothing, or are newer, are left out.</summary>
    public async Task<IReadOnlyList<NamedSpace>> FindAsync(IReadOnlyList<RepositoryName> repositories)
    {
        ArgumentNullException.ThrowIfNull(repositories);
        var found = new NamedSpace?[repositories.Count];
        await Parallel.ForAsync(
            0,
            repositories.Count,
            new ParallelOptions { MaxDegreeOfParallelism = Readers },
            async (place, _) => found[place] = await space.FindRepositoryAsync(repositories[place]) is { } used ? new NamedSpace(repositories[place].Value, used) : null);
        return [.. found.OfType<NamedSpace>()];
    }

    /// <summary>Computes the space of the tags of a repository, at most a minute ago if there are many. Those with the most unique bytes come first.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="withOthers">True to count what other repositories hold as not unique; false as if there were no others.</param>
    /// <param name="cancellationToken">Ends the wait for others.</param>
    /// <returns>The tags; null if the repository is too large.</returns>
    public Task<IReadOnlyList<TagSpace>?> ComputeTagsAsync(RepositoryName repository, bool withOthers, CancellationToken cancellationToken) =>
        _kept.FindAsync(repository, withOthers, () => ComputeAsync(repository, withOthers, cancellationToken));

    private async Task<IReadOnlyList<TagSpace>?> ComputeAsync(RepositoryName repository, bool withOthers, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            return await space.ReadRepositoryAsync(repository, LargestRepository) is { } content ? TagTally.Compute(content, withOthers) : null;
        }
        finally
        {
            _one.Release();
        }
    }
}
