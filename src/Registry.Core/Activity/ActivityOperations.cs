using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Core.Activity;

/// <summary>Lists what has happened in the repositories that a caller may see.</summary>
/// <param name="activity">The changes.</param>
/// <param name="defaultLimit">Size of a page if the client does not give one.</param>
/// <param name="maxLimit">Size of the largest page; a larger limit counts as this one.</param>
public sealed class ActivityOperations(IActivity activity, int defaultLimit, int maxLimit)
{
    /// <summary>Number of changes on the largest page.</summary>
    public const int MaxChanges = 200;

    // A page of few, instead of a request that takes long, for a caller who may see few of very many changes or asks for a rare user: 1,800 changes are looked at.
    private const int MaxBatches = 10;

    /// <summary>Largest number of changes on a page.</summary>
    /// <param name="limit">Number that the client requests; null for none.</param>
    public int PageSize(int? limit) => Math.Clamp(limit ?? defaultLimit, 1, Math.Min(maxLimit, MaxChanges));

    /// <summary>Lists changes, the newest first. A page may have fewer than it is asked for, or none, and still not be the last one.</summary>
    /// <param name="query">The question.</param>
    /// <param name="mayList">
    /// Returns true if the caller may see a repository. A change is left out unless the caller may see the name that the repository had at the time, and for a rename the new name, too.
    /// </param>
    /// <param name="detail">Part of the origins that the caller may see.</param>
    public async Task<ActivityPage> ListAsync(ActivityQuery query, Func<RepositoryName, bool> mayList, OriginDetail detail)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(mayList);
        var wanted = PageSize(query.Limit);
        var before = query.Before;
        var shown = new List<RegistryChange>();
        for (var batch = 0; batch < MaxBatches; batch++)
        {
            // One more than is shown tells whether there is another page. When that was not enough, most changes are not shown.
            var size = batch == 0 ? wanted + 1 : MaxChanges;
            var changes = query.Repository is { } repository ? await activity.ListAsync(repository, before, size) : await activity.ListAsync(before, size);
            foreach (var change in changes)
            {
                if (change.Sequence <= query.After)
                {
                    return new ActivityPage(shown, null);
                }

                if (shown.Count == wanted)
                {
                    return new ActivityPage(shown, before);
                }

                before = change.Sequence;
                if (Show(query, change, mayList, detail) is { } visible)
                {
                    shown.Add(visible);
                }
            }

            if (changes.Count < size)
            {
                return new ActivityPage(shown, null);
            }
        }

        return new ActivityPage(shown, before);
    }

    /// <summary>The part of a change that a caller sees; null for one that the caller has not asked for, or may not see.</summary>
    /// <inheritdoc cref="ListAsync"/>
    public static RegistryChange? Show(ActivityQuery query, RegistryChange change, Func<RepositoryName, bool> mayList, OriginDetail detail)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(mayList);
        return (query.Kind is not { } kind || change.Kind == kind) && (query.User is not { } user || change.Origin.Actor == user)
            && mayList(change.Repository) && (change.NewName is not { } newName || mayList(newName))
            ? change with { Origin = change.Origin.Show(detail) }
            : null;
    }
}
