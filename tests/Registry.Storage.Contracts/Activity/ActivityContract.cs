using Registry.Core.Activity;
using Registry.Core.Changes;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Activity;

/// <summary>Contract of <see cref="IActivity"/>, and of the operations on it.</summary>
public abstract class ActivityContract : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly RepositoryName C = Samples.Repository("c");
    private static readonly Tag V1 = Tag.Parse("v1");
    private static readonly byte[] FirstImage = Samples.Image("config", [], note: "first");
    private static readonly byte[] SecondImage = Samples.Image("config", [], note: "second");
    private static readonly Digest First = Samples.Digest(FirstImage);
    private static readonly Digest Second = Samples.Digest(SecondImage);

    private readonly IMetadataEngine _engine;
    private readonly ContentInRows _operations;

    protected ActivityContract(IMetadataEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
        _operations = new ContentInRows(engine);
    }

    [Fact]
    public async Task It_has_what_happened_to_manifests_and_tags_and_the_newest_comes_first()
    {
        await PushAsync(A, FirstImage);
        await PushAsync(A, SecondImage);
        await DeleteAsync(A, Second);

        Assert.Equal(
            [
                (ChangeKind.ManifestRemoved, null, Second, null),
                (ChangeKind.TagRemoved, V1, null, Second),
                (ChangeKind.TagSet, V1, Second, First),
                (ChangeKind.ManifestAdded, null, Second, null),
                (ChangeKind.TagSet, V1, First, null),
                (ChangeKind.ManifestAdded, null, (Digest?)First, default(Digest?)),
            ],
            (await _engine.Activity.ListAsync(A, null, 100)).Select(change => (change.Kind, change.Tag, change.Digest, change.Previous)));
    }

    [Fact]
    public async Task A_push_of_what_is_there_is_no_activity()
    {
        await PushAsync(A, FirstImage);
        await PushAsync(A, FirstImage);
        Assert.Equal(2, (await _engine.Activity.ListAsync(A, null, 100)).Count);
        Assert.Equal(2, (await _engine.Activity.ListAsync(null, 100)).Count);
    }

    [Fact]
    public async Task It_stays_when_the_consumers_have_passed_the_changes()
    {
        await PushAsync(A, FirstImage);
        await _engine.ReadChangesAsync();
        Assert.Equal(2, (await _engine.Activity.ListAsync(A, null, 100)).Count);
    }

    [Fact]
    public async Task Each_repository_has_its_own_and_all_have_one_order()
    {
        await PushAsync(A, FirstImage);
        await PushAsync(B, FirstImage);
        await PushAsync(A, SecondImage);

        Assert.Equal([A, A, B, B, A, A], (await _engine.Activity.ListAsync(null, 100)).Select(change => change.Repository));
        Assert.Equal(2, (await _engine.Activity.ListAsync(B, null, 100)).Count);
        Assert.Empty(await _engine.Activity.ListAsync(C, null, 100));
        var pages = new List<RegistryChange>();
        for (long? before = null; await _engine.Activity.ListAsync(A, before, 3) is { Count: > 0 } page; before = page[^1].Sequence)
        {
            pages.AddRange(page);
        }

        Assert.Equal((await _engine.Activity.ListAsync(A, null, 100)).Select(change => change.Sequence), pages.Select(change => change.Sequence));
    }

    [Fact]
    public async Task What_is_newer_than_a_change_is_listed_alone()
    {
        await PushAsync(A, FirstImage);
        var newest = (await _engine.Activity.ListAsync(null, 1))[0].Sequence;
        Assert.Empty(await ReadAsync(new ActivityQuery { After = newest }, _ => true));
        await PushAsync(B, FirstImage);
        await PushAsync(A, SecondImage);

        Assert.Equal([A, A, B, B], (await ReadAsync(new ActivityQuery { After = newest, Limit = 3 }, _ => true)).Select(change => change.Repository));
        Assert.Equal([Second, Second], (await ReadAsync(new ActivityQuery { Repository = A, After = newest }, _ => true)).Select(change => change.Digest));
    }

    [Fact]
    public async Task A_renamed_repository_takes_its_activity_along()
    {
        await PushAsync(A, FirstImage);
        Assert.Null(await _operations.Repositories.RenameAsync(A, C, _ => true, ContractOrigin.Request));
        await PushAsync(A, SecondImage);

        var renamed = await _engine.Activity.ListAsync(C, null, 100);
        Assert.Equal((ChangeKind.RepositoryRenamed, A, C), (renamed[0].Kind, renamed[0].Repository, renamed[0].NewName));
        Assert.Equal(3, renamed.Count);
        Assert.Equal([Second, Second], (await _engine.Activity.ListAsync(A, null, 100)).Select(change => change.Digest));
    }

    [Fact]
    public async Task A_caller_sees_what_happened_under_the_names_that_the_caller_may_see()
    {
        await PushAsync(A, FirstImage);
        Assert.Null(await _operations.Repositories.RenameAsync(A, C, _ => true, ContractOrigin.Request));
        await PushAsync(C, SecondImage);
        await PushAsync(B, FirstImage);

        Assert.Equal([C, C], (await ReadAsync(new ActivityQuery(), name => name == C)).Select(change => change.Repository));
        Assert.Equal([A, A], (await ReadAsync(new ActivityQuery(), name => name == A)).Select(change => change.Repository));
        Assert.Equal([C, C], (await ReadAsync(new ActivityQuery { Repository = C }, name => name == C)).Select(change => change.Repository));
        Assert.Equal(5, (await ReadAsync(new ActivityQuery { Repository = C }, name => name != B)).Count);
    }

    [Fact]
    public async Task It_is_filtered_by_user_and_kind_and_every_page_leads_to_the_next()
    {
        for (var i = 0; i < 30; i++)
        {
            await PushAsync(i % 10 == 0 ? B : A, Samples.Image("config", [], note: $"{i}"), new ChangeOrigin { Source = ChangeSource.Request, Actor = i % 7 == 0 ? "ann" : "bob", Address = "::1" });
        }

        var all = await ReadAsync(new ActivityQuery { Limit = 100 }, _ => true);
        Assert.Equal(60, all.Count);
        Assert.All(all, change => Assert.Null(change.Origin.Address));
        Assert.Equal(all.Where(change => change.Origin.Actor == "ann").Select(change => change.Sequence), (await ReadAsync(new ActivityQuery { User = "ann", Limit = 1 }, _ => true)).Select(change => change.Sequence));
        Assert.Equal(30, (await ReadAsync(new ActivityQuery { Kind = ChangeKind.TagSet, Limit = 4 }, _ => true)).Count);
        Assert.Equal(6, (await ReadAsync(new ActivityQuery { Limit = 5 }, name => name == B)).Count);
        Assert.Empty(await ReadAsync(new ActivityQuery { User = "nobody" }, _ => true));
        Assert.NotNull((await _operations.Activity.ListAsync(new ActivityQuery { Limit = 1 }, _ => true, OriginDetail.Full)).Changes[0].Origin.Address);
    }

    public async ValueTask DisposeAsync()
    {
        _operations.Dispose();
        await _engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task<List<RegistryChange>> ReadAsync(ActivityQuery query, Func<RepositoryName, bool> mayList)
    {
        var changes = new List<RegistryChange>();
        for (var page = await _operations.Activity.ListAsync(query, mayList, OriginDetail.Actor); ; page = await _operations.Activity.ListAsync(query with { Before = page.Last }, mayList, OriginDetail.Actor))
        {
            Assert.InRange(page.Changes.Count, 0, query.Limit ?? 2);
            changes.AddRange(page.Changes);
            if (page.Last is null)
            {
                return changes;
            }
        }
    }

    private async Task PushAsync(RepositoryName repository, byte[] manifest, ChangeOrigin? origin = null)
    {
        Assert.Null(await _engine.Metadata.LinkBlobAsync(repository, Samples.Digest("config"), 6));
        Assert.Null((await _operations.Manifests.PutAsync(repository, Samples.Digest(manifest), null, manifest, [V1], Precondition.None, origin ?? ContractOrigin.Request, default)).Error);
    }

    private async Task DeleteAsync(RepositoryName repository, Digest digest) =>
        Assert.Null((await _operations.Manifests.DeleteAsync(repository, digest, Precondition.None, ContractOrigin.Request)).Error);
}
