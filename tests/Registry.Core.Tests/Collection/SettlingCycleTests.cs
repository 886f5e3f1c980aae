using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Collection;

/// <summary>Cycles of the collector after very many deletions of subjects.</summary>
public sealed class SettlingCycleTests
{
    private const int Subjects = 1200;

    [Fact]
    public async Task A_cycle_settles_all_subjects()
    {
        await using var storage = await CreateAsync();

        await storage.Collector.RunAsync(default);

        Assert.Equal(0, await CountAsync(storage));
    }

    [Fact]
    public async Task A_cycle_settles_subjects_for_a_limited_time_and_a_collection_by_hand_all_of_them()
    {
        await using var storage = await CreateAsync();
        storage.Time.AutoAdvanceAmount = TimeSpan.FromSeconds(3);

        await storage.Collector.RunAsync(default);
        Assert.InRange(await CountAsync(storage), Subjects - 10, Subjects - 1);

        await storage.Collector.CollectAsync(default);
        Assert.Equal(0, await CountAsync(storage));
    }

    [Fact]
    public async Task A_cycle_that_is_cancelled_settles_no_more()
    {
        await using var storage = await CreateAsync();

        await storage.Collector.SettleReferrersAsync(new CancellationToken(canceled: true));

        Assert.Equal(Subjects, await CountAsync(storage));
    }

    // More subjects than a cycle lists at once. Each takes a turn, also without referrers.
    private static async Task<TestStorage> CreateAsync()
    {
        var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(Samples.Repository("a"), "blob");
        await storage.CloseAsync();
        OldSchema.Execute(storage.Paths.Database, $"""
            WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {Subjects})
            INSERT INTO unsettled_subjects (repository_id, subject, settled_to) SELECT 1, printf('sha256:%064x', i), 0 FROM numbers;
            """);
        await storage.ReopenAsync(cleanly: false);
        return storage;
    }

    private static async Task<int> CountAsync(TestStorage storage) =>
        (await storage.Storage.CollectorMetadata.ListUnsettledSubjectsAsync(int.MaxValue)).Count;
}
