namespace Registry.Storage.Postgres.Tests.Nodes;

/// <summary>Turns of periodic work.</summary>
public sealed class TurnTests
{
    private const string Work = "test";

    private static readonly TimeSpan Period = TimeSpan.FromHours(1);

    [Fact]
    public async Task Of_many_callers_on_two_nodes_one_takes_the_turn()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var first = await PostgresDatabase.OpenAsync(database.Settings);
        await using var second = await PostgresDatabase.OpenAsync(database.Settings);
        for (var turn = 0; turn < 3; turn++)
        {
            var taken = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => (i % 2 == 0 ? first : second).TakeTurnAsync(Work, Period)));
            Assert.Single(taken, isTaken => isTaken);

            // Nothing is held: whether the work ends or not, the next turn is a period later.
            await MoveAsync(database, "- interval '1 hour'");
        }
    }

    [Fact]
    public async Task A_turn_is_free_after_its_period_and_not_before()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await PostgresDatabase.OpenAsync(database.Settings);
        Assert.True(await node.TakeTurnAsync(Work, Period));
        await MoveAsync(database, "- interval '30 minutes'");
        Assert.False(await node.TakeTurnAsync(Work, Period));
        await MoveAsync(database, "- interval '30 minutes'");
        Assert.True(await node.TakeTurnAsync(Work, Period));
        Assert.False(await node.TakeTurnAsync(Work, Period));
    }

    [Fact]
    public async Task Each_work_has_turns_of_its_own()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await PostgresDatabase.OpenAsync(database.Settings);
        Assert.True(await node.TakeTurnAsync(Work, Period));
        Assert.True(await node.TakeTurnAsync("other", Period));
        Assert.False(await node.TakeTurnAsync(Work, Period));
    }

    // As after a failover to a server whose clock is behind.
    [Fact]
    public async Task A_clock_that_was_set_back_does_not_stop_the_work()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var node = await PostgresDatabase.OpenAsync(database.Settings);
        Assert.True(await node.TakeTurnAsync(Work, Period));
        await MoveAsync(database, "+ interval '2 hours'");
        Assert.True(await node.TakeTurnAsync(Work, Period));
        Assert.False(await node.TakeTurnAsync(Work, Period));
    }

    private static async Task MoveAsync(TestDatabase database, string by) =>
        Assert.Equal(1L, await database.RunAsync($"WITH moved AS (UPDATE turns SET begun_at = begun_at {by} WHERE work = '{Work}' RETURNING 1) SELECT count(*) FROM moved"));
}
