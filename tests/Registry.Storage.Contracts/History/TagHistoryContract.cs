using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.History;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.History;

/// <summary>Contract of <see cref="ITagHistory"/>, together with its metadata, and of the operations on both.</summary>
public abstract partial class TagHistoryContract : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly Tag V1 = Tag.Parse("v1");
    private static readonly byte[] FirstImage = Samples.Image("config", [], note: "first");
    private static readonly byte[] SecondImage = Samples.Image("config", [], note: "second");
    private static readonly byte[] ThirdImage = Samples.Image("config", [], note: "third");
    private static readonly Digest First = Samples.Digest(FirstImage);
    private static readonly Digest Second = Samples.Digest(SecondImage);
    private static readonly Digest Third = Samples.Digest(ThirdImage);

    private readonly IMetadataEngine _engine;
    private readonly ContentInRows _operations;

    protected TagHistoryContract(IMetadataEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
        _operations = new ContentInRows(engine);
    }

    private DateTimeOffset Now => DateTimeOffset.FromUnixTimeSeconds(_engine.UnixTime);

    [Fact]
    public async Task A_tag_has_every_manifest_that_it_was_set_to_and_its_deletions()
    {
        await PushAsync(FirstImage);
        await PushAsync(SecondImage);
        await PushAsync(FirstImage);
        await DeleteAsync(V1);
        await PushAsync(ThirdImage);
        Assert.Equal(
            [(Third, null), (null, First), (First, Second), (Second, First), (First, null)],
            (await ReadAsync()).Select(entry => (entry.Digest, entry.Previous)));
    }

    [Fact]
    public async Task An_entry_has_its_time_its_origin_and_the_manifest()
    {
        await PushAsync(FirstImage);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(90));
        var origin = new ChangeOrigin { Source = ChangeSource.Command, Actor = "root", Client = "registry import" };
        await _engine.Metadata.DeleteManifestAsync(A, V1, Precondition.None, origin);

        var entries = await ReadAsync();

        Assert.Equal([origin, ContractOrigin.Request], entries.Select(entry => entry.Origin));
        Assert.Equal([Now, Now - TimeSpan.FromSeconds(90)], entries.Select(entry => entry.Time));
        Assert.Equal([(null, null), (MediaTypes.OciManifest, FirstImage.Length)], entries.Select(entry => (entry.MediaType, entry.Size)));
        Assert.All(entries, entry => Assert.Null(entry.Reason));
    }

    [Fact]
    public async Task A_push_that_sets_a_tag_to_what_it_is_is_no_entry()
    {
        await PushAsync(FirstImage);
        await PushAsync(FirstImage);
        Assert.Single(await ReadAsync());
    }

    [Fact]
    public async Task The_history_outlives_the_tag_its_manifests_and_the_content_of_the_repository()
    {
        await PushAsync(FirstImage);
        await PushAsync(SecondImage);
        await DeleteAsync(First);
        await DeleteAsync(Second);
        await _engine.Metadata.UnlinkBlobAsync(A, Samples.Digest("config"));
        await _engine.ReadChangesAsync();
        await _engine.Feed.AcknowledgeAsync(ChangeConsumers.Tree, (await _engine.ReadChangesAsync())[^1].Sequence);
        await _engine.ReopenAsync();
        Assert.Equal([null, Second, First], (await ReadAsync()).Select(entry => entry.Digest));
    }

    [Fact]
    public async Task Other_repositories_and_other_tags_are_not_shown()
    {
        await PushAsync(FirstImage);
        await PushAsync(SecondImage, B);
        await PushAsync(SecondImage, Samples.Repository("a/a"));
        await PushAsync(SecondImage, Samples.Repository("aa"));
        await PushAsync(SecondImage, A, "v1.0", "v", "V1");
        Assert.Equal([First], (await ReadAsync()).Select(entry => entry.Digest));
        Assert.Equal([Second], (await ReadAsync(B)).Select(entry => entry.Digest));
        Assert.Empty((await _engine.History.ReadAsync(Samples.Repository("none"), V1, null, 10)).Entries);
        Assert.Empty((await _engine.History.ReadAsync(A, Tag.Parse("v2"), null, 10)).Entries);
    }

    [Fact]
    public async Task Pages_follow_each_other_without_gap_and_overlap()
    {
        for (var i = 0; i < 4; i++)
        {
            await PushAsync(FirstImage);
            await PushAsync(SecondImage);
        }

        var all = await ReadAsync();
        Assert.Equal(8, all.Count);
        Assert.Equal(all.Select(entry => entry.Position).OrderDescending().Distinct(), all.Select(entry => entry.Position));
        foreach (var limit in new[] { 1, 3, 4, 8, 9 })
        {
            var read = new List<HistoryEntry>();
            TagHistoryPage page;
            do
            {
                page = await _engine.History.ReadAsync(A, V1, read.Count == 0 ? null : read[^1].Position, limit);
                Assert.InRange(page.Entries.Count, 1, limit);
                read.AddRange(page.Entries);
            }
            while (page.HasMore);
            Assert.Equal(all, read);
        }

        Assert.Empty((await _engine.History.ReadAsync(A, V1, all[^1].Position, 10)).Entries);
        Assert.Empty((await _engine.History.ReadAsync(A, V1, long.MinValue, 10)).Entries);
    }

    [Fact]
    public async Task What_was_found_in_a_tree_has_no_history_until_it_changes()
    {
        await _engine.IndexTarget.AddRepositoryAsync(new TreeRepository
        {
            Name = A,
            Manifests = [new(First, FirstImage.Length, ManifestReader.Read(FirstImage, null).Value)],
            Tags = [new(V1, First)],
        });
        Assert.Empty(await ReadAsync());
        Assert.Null(await _engine.History.FindStateAsync(A, V1, Now));
        Assert.Equal(new TagState(First, null, null), (await _operations.History.FindStateAsync(A, V1, Now, OriginDetail.Full)).Value);
        Assert.Empty((await _operations.History.ListAsync(A, V1, null, null, OriginDetail.Full)).Value.Entries);

        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await PushAsync(SecondImage);

        var only = Assert.Single(await ReadAsync());
        Assert.Equal((Second, First), (only.Digest, only.Previous));
        Assert.Equal(new TagState(First, null, only), await _engine.History.FindStateAsync(A, V1, Now - TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task A_tag_was_what_its_last_change_until_then_has_made_it()
    {
        await PushAsync(FirstImage);
        var created = Now;
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await PushAsync(SecondImage);
        await PushAsync(ThirdImage);
        var moved = Now;
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await DeleteAsync(V1);
        var deleted = Now;
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await PushAsync(FirstImage);
        var entries = (await ReadAsync()).Reverse().ToList();
        var instant = TimeSpan.FromMilliseconds(1);

        Assert.Equal(new TagState(null, null, entries[0]), await AtAsync(DateTimeOffset.MinValue));
        Assert.Equal(new TagState(null, null, entries[0]), await AtAsync(created - instant));
        Assert.Equal(new TagState(First, entries[0], entries[1]), await AtAsync(created));
        Assert.Equal(new TagState(First, entries[0], entries[1]), await AtAsync(moved - instant));
        Assert.Equal(new TagState(Third, entries[2], entries[3]), await AtAsync(moved));
        Assert.Equal(new TagState(Third, entries[2], entries[3]), await AtAsync(deleted - instant));
        Assert.Equal(new TagState(null, entries[3], entries[4]), await AtAsync(deleted));
        Assert.Equal(new TagState(First, entries[4], null), await AtAsync(Now));
        Assert.Equal(new TagState(First, entries[4], null), await AtAsync(DateTimeOffset.MaxValue));
        Assert.Null(await _engine.History.FindStateAsync(A, Tag.Parse("v2"), Now));
        Assert.Null(await _engine.History.FindStateAsync(B, V1, Now));

        Task<TagState?> AtAsync(DateTimeOffset at) => _engine.History.FindStateAsync(A, V1, at);
    }

    [Fact]
    public async Task A_removal_says_when_and_by_whom_a_manifest_was_removed()
    {
        await PushAsync(FirstImage);
        await PushAsync(FirstImage, B);
        Assert.Null(await _engine.History.FindRemovalAsync(A, First));
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(5));
        await DeleteAsync(First);

        var removal = await _engine.History.FindRemovalAsync(A, First);

        Assert.Equal(new ManifestRemoval { Digest = First, Time = Now, Origin = ContractOrigin.Request }, removal);
        Assert.Null(await _engine.History.FindRemovalAsync(B, First));
        Assert.Null(await _engine.History.FindRemovalAsync(A, Second));
        Assert.Null(await _engine.History.FindRemovalAsync(Samples.Repository("none"), First));
        Assert.Equal(ContractOrigin.Request.Actor, (await _operations.History.FindRemovalAsync(A, First, OriginDetail.Actor))?.Origin.Actor);

        // The last removal counts, and none while the manifest is there.
        await PushAsync(FirstImage);
        Assert.Equal(removal, await _engine.History.FindRemovalAsync(A, First));
        Assert.Null(await _operations.History.FindRemovalAsync(A, First, OriginDetail.Full));
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(5));
        await DeleteAsync(First);
        Assert.Equal(Now, (await _engine.History.FindRemovalAsync(A, First))?.Time);
    }

    [Fact]
    public async Task What_expires_is_removed_by_the_collector_with_the_reason()
    {
        var index = Samples.Index([Samples.Child(FirstImage)]);
        await PushAsync(FirstImage, A, []);
        await _engine.Metadata.PutManifestAsync(Samples.Put(A, index));
        await DeleteAsync(Samples.Digest(index));
        await _engine.Collector.ExpireManifestsAsync(A, [First], IdleTimes.Any, withRoots: false);

        var removal = await _engine.History.FindRemovalAsync(A, First);

        Assert.Equal((ChangeOrigin.Collector, "expired"), (removal?.Origin, removal?.Reason));
    }

    [Fact]
    public async Task A_reader_sees_addresses_and_programs_only_with_the_full_detail()
    {
        await PushAsync(FirstImage);
        await PushAsync(SecondImage);
        var actor = new ChangeOrigin { Source = ChangeSource.Request, Actor = ContractOrigin.Request.Actor };
        foreach (var (detail, origin) in new[] { (OriginDetail.Actor, actor), (OriginDetail.Full, ContractOrigin.Request) })
        {
            var page = (await _operations.History.ListAsync(A, V1, null, null, detail)).Value;
            Assert.Equal([origin, origin], page.Entries.Select(entry => entry.Origin));
            var state = (await _operations.History.FindStateAsync(A, V1, Now - TimeSpan.FromSeconds(1), detail)).Value;
            Assert.Equal((null, origin), (state.Digest, state.Until?.Origin));
            Assert.Equal(origin, (await _operations.History.FindStateAsync(A, V1, Now, detail)).Value.Since?.Origin);
        }
    }

    [Fact]
    public async Task A_page_has_the_default_or_the_greatest_size_and_a_tag_that_never_was_is_unknown()
    {
        for (var i = 0; i < 3; i++)
        {
            await PushAsync(FirstImage);
            await PushAsync(SecondImage);
        }

        foreach (var (limit, expected) in new (int?, int)[] { (null, 2), (0, 1), (1, 1), (3, 3), (1000, 4) })
        {
            Assert.Equal(expected, (await _operations.History.ListAsync(A, V1, null, limit, OriginDetail.Full)).Value.Entries.Count);
        }

        var last = (await ReadAsync())[^1].Position;
        Assert.Empty((await _operations.History.ListAsync(A, V1, last, null, OriginDetail.Full)).Value.Entries);
        foreach (var (repository, tag) in new[] { (A, Tag.Parse("v2")), (B, V1) })
        {
            Assert.Same(RegistryErrorCode.ManifestUnknown, (await _operations.History.ListAsync(repository, tag, null, null, OriginDetail.Full)).Error?.Code);
            Assert.Same(RegistryErrorCode.ManifestUnknown, (await _operations.History.FindStateAsync(repository, tag, Now, OriginDetail.Full)).Error?.Code);
        }
    }

    [Fact]
    public async Task A_put_that_must_find_its_manifest_adds_none()
    {
        await PushAsync(FirstImage);
        var put = Samples.Put(A, SecondImage, "v1") with { MustExist = true };
        Assert.Same(RegistryErrorCode.ManifestUnknown, (await _engine.Metadata.CheckManifestAsync(put)).Error?.Code);
        Assert.Same(RegistryErrorCode.ManifestUnknown, (await _engine.Metadata.PutManifestAsync(put)).Error?.Code);
        Assert.Same(RegistryErrorCode.ManifestUnknown, (await _engine.Metadata.PutManifestAsync(put with { Repository = B, Required = RequiredReferences.Of(put.Manifest, ManifestReferences.Sparse) })).Error?.Code);
        Assert.Null(await _engine.Metadata.ListTagsAsync(B, null, 10));
        Assert.Same(
            RegistryErrorCode.PreconditionFailed,
            (await _engine.Metadata.PutManifestAsync(put with { Precondition = Precondition.Exactly(null) })).Error?.Code);

        await PushAsync(SecondImage, A, []);
        Assert.NotNull((await _engine.Metadata.CheckManifestAsync(put)).Value);
        Assert.Equal([new MovedTag(V1, First)], (await _engine.Metadata.PutManifestAsync(put)).Value);
    }

    public async ValueTask DisposeAsync()
    {
        _operations.Dispose();
        await _engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task<IReadOnlyList<HistoryEntry>> ReadAsync(RepositoryName? repository = null) =>
        (await _engine.History.ReadAsync(repository ?? A, V1, before: null, limit: 1000)).Entries;

    private Task PushAsync(byte[] image) => PushAsync(image, A, "v1");

    private Task PushAsync(byte[] image, RepositoryName repository) => PushAsync(image, repository, "v1");

    private async Task PushAsync(byte[] image, RepositoryName repository, params string[] tags)
    {
        Assert.Null(await _engine.Metadata.LinkBlobAsync(repository, Samples.Digest("config"), 6));
        var pushed = await _operations.Manifests.PutAsync(
            repository, Samples.Digest(image), null, image, [.. tags.Select(Tag.Parse)], Precondition.None, ContractOrigin.Request, default);
        Assert.Null(pushed.Error);
    }

    private async Task DeleteAsync(Reference reference) => Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, reference, Precondition.None)).Error);
}
