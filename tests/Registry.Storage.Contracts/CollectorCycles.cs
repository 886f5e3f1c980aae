using Registry.Core.Collection;

namespace Registry.Storage.Contracts;

/// <summary>What the collector does to the metadata, all at once and whatever the age.</summary>
internal static class CollectorCycles
{
    /// <summary>Expires the whole trash.</summary>
    public static async Task ExpireTrashAsync(this ICollectorMetadata collector)
    {
        foreach (var entry in await collector.ListOldTrashAsync(TimeSpan.Zero, 1000))
        {
            await collector.ExpireTrashAsync(entry.Repository, [entry.Digest], TimeSpan.Zero);
        }
    }

    /// <summary>Expires each idle manifest and link, and forgets what nothing links to.</summary>
    public static async Task CollectAsync(this ICollectorMetadata collector)
    {
        foreach (var idle in await collector.ListIdleManifestsAsync(IdleTimes.Any, withRoots: false, 100))
        {
            await collector.ExpireManifestsAsync(idle.Repository, [idle.Digest], IdleTimes.Any, withRoots: false);
        }

        await collector.ExpireLinksAsync(IdleTimes.Any, 100);
        foreach (var orphan in await collector.ListOrphansAsync(100))
        {
            if (await collector.CondemnAsync(orphan) is not null)
            {
                await collector.ForgetAsync(orphan);
            }
        }
    }
}
