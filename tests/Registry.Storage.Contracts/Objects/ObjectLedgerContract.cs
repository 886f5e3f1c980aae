using Registry.Core.Objects;

namespace Registry.Storage.Contracts.Objects;

/// <summary>Contract of <see cref="IObjectLedger"/>.</summary>
/// <param name="engine">Engine of the metadata.</param>
/// <param name="open">Opens its ledger.</param>
public abstract class ObjectLedgerContract(IMetadataEngine engine, Func<IObjectLedger> open) : IAsyncDisposable
{
    private const int All = 100;

    private static readonly Guid Process = Guid.NewGuid();
    private static readonly Guid Other = Guid.NewGuid();

    private readonly Guid _upload = Guid.NewGuid();

    private IObjectLedger Ledger => open();

    [Fact]
    public async Task A_new_upload_has_nothing()
    {
        var taken = await Ledger.TakeAsync(_upload, Process);
        Assert.Equal(new ObjectLease(_upload, 1), taken.Lease);
        Assert.Equal(0, taken.Length);
        AssertSame(new UploadObjects(taken.Lease), taken);
    }

    [Fact]
    public async Task What_was_saved_is_there_also_after_a_restart()
    {
        var saved = await SaveAsync();
        AssertSame(saved, await Ledger.TakeAsync(_upload, Process));
        await engine.ReopenAsync(cleanly: false);
        AssertSame(saved, await Ledger.TakeAsync(_upload, Process));
        Assert.Equal(5 + 6 + 7, saved.Length);
    }

    [Fact]
    public async Task Parts_are_added_and_dropped_after_those_that_have_not_changed()
    {
        var saved = await SaveAsync();
        saved = saved with { Parts = [saved.Parts[0], new ObjectPart(60, "\"f\""), new ObjectPart(70, "\"g\"")] };
        Assert.True(await Ledger.SaveAsync(saved, known: 1));
        AssertSame(saved, await Ledger.TakeAsync(_upload, Process));
        saved = saved with { Parts = [], Rest = null, Key = null, Multipart = null };
        Assert.True(await Ledger.SaveAsync(saved, known: 0));
        AssertSame(saved, await Ledger.TakeAsync(_upload, Process));
    }

    [Fact]
    public async Task The_next_process_gets_everything_and_the_one_before_changes_nothing_any_more()
    {
        var saved = await SaveAsync();
        var taken = await Ledger.TakeAsync(_upload, Other);
        Assert.Equal(new ObjectLease(_upload, 2), taken.Lease);
        AssertSame(saved with { Lease = taken.Lease }, taken);

        Assert.False(await Ledger.SaveAsync(saved with { Reserved = 9 }, known: 0));
        Assert.False(await Ledger.AddAsync(saved.Lease, "late", null));
        Assert.Null(await Ledger.EndAsync(saved.Lease, null));
        Assert.Null(await Ledger.EndAsync(_upload, Process));
        AssertSame(taken, await Ledger.TakeAsync(_upload, Other));
        Assert.True(await Ledger.SaveAsync(taken, known: 2));
    }

    [Fact]
    public async Task A_process_that_gets_an_upload_back_has_a_new_lease()
    {
        var first = await Ledger.TakeAsync(_upload, Process);
        await Ledger.TakeAsync(_upload, Other);
        Assert.Equal(3, (await Ledger.TakeAsync(_upload, Process)).Lease.Generation);
        Assert.False(await Ledger.SaveAsync(first, known: 0));
    }

    [Fact]
    public async Task An_upload_that_ends_leaves_its_blob_and_all_other_keys_are_due()
    {
        var lease = (await SaveAsync()).Lease;
        Assert.True(await Ledger.AddAsync(lease, "blob", "its parts"));
        var due = await Ledger.EndAsync(lease, "blob");
        CondemnedObject[] expected = [new("parts", "multipart"), new("rest", null)];
        Assert.Equal(expected, due!.OrderBy(condemned => condemned.Key, StringComparer.Ordinal));
        Assert.Equal(expected, (await Ledger.ListDueAsync(All)).OrderBy(condemned => condemned.Key, StringComparer.Ordinal));
        Assert.Null(await Ledger.EndAsync(lease, "blob"));

        Assert.Single(await Ledger.ListDueAsync(1));
        await Ledger.ForgetAsync(["parts", "rest", "unknown"]);
        Assert.Empty(await Ledger.ListDueAsync(All));
        AssertSame(new UploadObjects(new ObjectLease(_upload, 1)), await Ledger.TakeAsync(_upload, Process));
    }

    [Fact]
    public async Task An_upload_is_discarded_by_the_process_that_has_it()
    {
        await SaveAsync();
        Assert.Null(await Ledger.EndAsync(_upload, Other));
        Assert.Equal(2, (await Ledger.EndAsync(_upload, Process))!.Count);
        Assert.Null(await Ledger.EndAsync(_upload, Process));
    }

    [Fact]
    public async Task A_start_takes_the_uploads_that_have_a_session_and_ends_the_others()
    {
        await SaveAsync();
        var (other, empty) = (Guid.NewGuid(), Guid.NewGuid());
        var lost = await Ledger.TakeAsync(other, Process);
        Assert.True(await Ledger.AddAsync(lost.Lease, "lost", "lost parts"));
        await Ledger.TakeAsync(empty, Process);

        // The process that had them has ended.
        await engine.ReopenAsync(cleanly: false);
        var lengths = Ledger.TakeAll([_upload, empty], Other);

        Assert.Equal([KeyValuePair.Create(_upload, 18L)], lengths);
        Assert.Equal([new CondemnedObject("lost", "lost parts")], await Ledger.ListDueAsync(All));
        Assert.Equal(2, (await Ledger.TakeAsync(_upload, Other)).Lease.Generation);
        Assert.False(await Ledger.AddAsync(lost.Lease, "later", null));
    }

    [Fact]
    public async Task A_mark_of_the_store_follows_the_newest_one_and_stays()
    {
        Assert.Equal(default, await Ledger.ReadMarksAsync());
        Assert.True(await Ledger.AddMarkAsync(newest: 0, mark: 5));
        Assert.Equal(new StoreMarks(5, 0), await Ledger.ReadMarksAsync());
        Assert.False(await Ledger.AddMarkAsync(newest: 0, mark: 6));
        Assert.True(await Ledger.AddMarkAsync(newest: 5, mark: long.MaxValue));
        await engine.ReopenAsync(cleanly: false);
        Assert.Equal(new StoreMarks(long.MaxValue, 5), await Ledger.ReadMarksAsync());
    }

    [Fact]
    public async Task Of_several_processes_one_adds_the_next_mark()
    {
        var added = await Task.WhenAll(Enumerable.Range(1, 8).Select(next => Task.Run(() => Ledger.AddMarkAsync(newest: 0, next))));
        Assert.Single(added, isAdded => isAdded);
        Assert.Equal(new StoreMarks(Array.IndexOf(added, true) + 1, 0), await Ledger.ReadMarksAsync());
    }

    [Fact]
    public async Task A_key_is_due_when_its_time_has_come_and_not_while_it_is_the_place_of_content()
    {
        foreach (var key in new[] { "at once", "later", "recorded" })
        {
            await Ledger.AddAsync(key);
        }

        await engine.Metadata.LinkBlobAsync(Samples.Repository("a"), new(Samples.Digest("a"), "recorded"), 1);
        await Ledger.CondemnAsync(["at once"], TimeSpan.Zero);
        await Ledger.CondemnAsync(["later", "recorded"], TimeSpan.FromHours(1));
        Assert.Equal([new CondemnedObject("at once", null)], await Ledger.ListDueAsync(All));
        await engine.AdvanceAsync(TimeSpan.FromHours(1) - TimeSpan.FromSeconds(1));
        Assert.Single(await Ledger.ListDueAsync(All));
        await engine.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(["at once", "later"], (await Ledger.ListDueAsync(All)).Select(condemned => condemned.Key));
    }

    [Fact]
    public async Task Waiting_objects_are_counted_with_the_time_since_which_the_oldest_is_due()
    {
        Assert.Equal(WaitingObjects.None, await Ledger.ReadWaitingAsync());
        foreach (var key in new[] { "kept", "soon", "later", "recorded" })
        {
            await Ledger.AddAsync(key);
        }

        await Ledger.CondemnAsync(["soon"], TimeSpan.FromMinutes(2));
        await Ledger.CondemnAsync(["later"], TimeSpan.FromMinutes(5));
        Assert.Equal(new WaitingObjects(2, 0), await Ledger.ReadWaitingAsync());
        await engine.AdvanceAsync(TimeSpan.FromMinutes(3));
        Assert.Equal(new WaitingObjects(2, 60), await Ledger.ReadWaitingAsync());
        await engine.AdvanceAsync(TimeSpan.FromMinutes(3));
        await Ledger.ForgetAsync(["soon"]);
        Assert.Equal(new WaitingObjects(1, 60), await Ledger.ReadWaitingAsync());

        // It is not deleted, so it is not overdue.
        await engine.Metadata.LinkBlobAsync(Samples.Repository("a"), new(Samples.Digest("a"), "recorded"), 1);
        await Ledger.CondemnAsync(["recorded"], TimeSpan.Zero);
        await Ledger.ForgetAsync(["later"]);
        await engine.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(new WaitingObjects(1, 0), await Ledger.ReadWaitingAsync());
    }

    [Fact]
    public async Task A_key_that_neither_an_upload_nor_content_has_is_due_after_a_time()
    {
        await SaveAsync();
        foreach (var key in new[] { "a unknown", "b recorded", "c later", "z unknown" })
        {
            await Ledger.AddAsync(key);
        }

        await engine.Metadata.LinkBlobAsync(Samples.Repository("a"), new(Samples.Digest("a"), "b recorded"), 1);
        await Ledger.CondemnAsync(["c later"], TimeSpan.FromHours(2));
        Assert.Equal("b recorded", await Ledger.CondemnUnknownAsync(null, 2, TimeSpan.FromHours(1)));
        Assert.Equal("parts", await Ledger.CondemnUnknownAsync("b recorded", 2, TimeSpan.FromHours(1)));
        Assert.Equal("z unknown", await Ledger.CondemnUnknownAsync("parts", 2, TimeSpan.FromHours(1)));
        Assert.Null(await Ledger.CondemnUnknownAsync("z unknown", 2, TimeSpan.FromHours(1)));
        Assert.Empty(await Ledger.ListDueAsync(All));
        await engine.AdvanceAsync(TimeSpan.FromHours(1));
        Assert.Equal(["a unknown", "z unknown"], (await Ledger.ListDueAsync(All)).Select(condemned => condemned.Key));

        // Its push was slow.
        await engine.Metadata.LinkBlobAsync(Samples.Repository("a"), new(Samples.Digest("z"), "z unknown"), 1);
        Assert.Equal(["a unknown"], (await Ledger.ListDueAsync(All)).Select(condemned => condemned.Key));
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task<UploadObjects> SaveAsync()
    {
        var lease = (await Ledger.TakeAsync(_upload, Process)).Lease;
        Assert.True(await Ledger.AddAsync(lease, "parts", "multipart"));
        Assert.True(await Ledger.AddAsync(lease, "rest", null));
        var saved = new UploadObjects(lease)
        {
            Key = "parts",
            Multipart = "multipart",
            Parts = [new ObjectPart(5, "\"a\""), new ObjectPart(6, "\"b\"")],
            Reserved = 3,
            Rest = new ObjectRest("rest", 7),
            IsJoining = true,
        };
        Assert.True(await Ledger.SaveAsync(saved, known: 0));
        return saved;
    }

    // Lists of a record are compared as a whole.
    private static void AssertSame(UploadObjects expected, UploadObjects actual)
    {
        Assert.Equal(expected.Parts, actual.Parts);
        Assert.Equal(expected with { Parts = actual.Parts }, actual);
    }
}
