using Registry.Core.Changes;
using Registry.Core.Collection.Records;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Trash;

namespace Registry.Storage.Contracts.Trash;

/// <summary>Contract of <see cref="ITrash"/>, together with its metadata, and of the operations on both.</summary>
public abstract partial class TrashContract : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly byte[] Image = Samples.Image("config", [Samples.Layer("layer")], note: "image");
    private static readonly byte[] OtherImage = Samples.Image("config", [Samples.Layer("other")], note: "other");
    private static readonly byte[] Index = Samples.Index([Samples.Child(Image)]);
    private static readonly byte[] Signature = Samples.Image("signature", [], Samples.Child(Image));

    private readonly IMetadataEngine _engine;
    private readonly ContentInRows _operations;

    protected TrashContract(IMetadataEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
        _operations = new ContentInRows(engine, Period);
    }

    private static Digest Of(byte[] manifest) => Samples.Digest(manifest);

    [Fact]
    public async Task A_deleted_manifest_is_gone_as_without_a_trash()
    {
        await PushAsync(A, Image, "v1", "v2");
        await PushAsync(A, OtherImage, "other");

        var deletion = await DeleteAsync(A, Image);

        Assert.Equal((Of(Image), Image.Length), (deletion.Digest, deletion.Size));
        Assert.Equal(["v1", "v2"], deletion.Tags.Select(tag => tag.Value).Order());
        Assert.Null(await _engine.Metadata.FindManifestAsync(A, Of(Image)));
        Assert.Null(await _engine.Metadata.FindManifestAsync(A, Tag.Parse("v1")));
        Assert.Equal(["other"], (await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
        Assert.Equal([Of(OtherImage)], (await _engine.Listing.ReadAsync(A)).Manifests);
        Assert.DoesNotContain(await _engine.Listing.ListLinksAsync(A, null, 100), link => link.Digest == Of(Image));
        await DeleteAsync(A, OtherImage);
        Assert.Empty((await _engine.Metadata.ListRepositoriesAsync([RepositoryRange.All], null, 10)).Items);
        Assert.Same(RegistryErrorCode.ManifestUnknown, (await _operations.Manifests.DeleteAsync(A, Of(Image), Precondition.None, ContractOrigin.Request)).Error?.Code);
    }

    [Fact]
    public async Task The_changes_are_those_of_a_deletion()
    {
        await PushAsync(A, Image, "v1");
        var before = (await _engine.ReadChangesAsync())[^1].Sequence;
        await DeleteAsync(A, Image);
        Assert.Equal(
            [ChangeKind.TagRemoved, ChangeKind.ManifestRemoved], (await _engine.ReadChangesAsync(before)).Select(change => change.Kind));

        before = (await _engine.ReadChangesAsync())[^1].Sequence;
        Assert.Null((await RestoreAsync(A, Image)).Error);
        Assert.Equal([ChangeKind.ManifestAdded, ChangeKind.TagSet], (await _engine.ReadChangesAsync(before)).Select(change => change.Kind));
    }

    [Fact]
    public async Task An_entry_tells_what_was_deleted_when_and_by_whom()
    {
        await PushAsync(A, Image, "v2", "v1");
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(7));
        var origin = new ChangeOrigin { Source = ChangeSource.Request, Actor = "alice", Request = "1", Address = "192.0.2.7", Client = "docker/27" };
        Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, Of(Image), Precondition.None, origin, toTrash: true)).Error);
        var time = _engine.UnixTime;
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(30));

        var entry = Assert.Single((await _operations.Trash.ListAsync(A, before: null, limit: 10, OriginDetail.Full)).Entries);

        Assert.Equal((A, Of(Image), MediaTypes.OciManifest, (long)Image.Length), (entry.Repository, entry.Digest, entry.MediaType, entry.Size));
        Assert.Equal(Image.Length + "config".Length + "layer".Length, entry.HeldSize);
        Assert.Equal((DateTimeOffset.FromUnixTimeSeconds(time), 7, origin), (entry.Time, entry.DeletedAt, entry.Origin));
        Assert.Equal(["v1", "v2"], entry.Tags.Select(tag => tag.Value));
        Assert.True(entry.IsComplete);
        Assert.Equal(70, _operations.Trash.ExpiresAfter(entry));
        var found = (await _operations.Trash.FindAsync(A, Of(Image), OriginDetail.Actor)).Value;
        Assert.Equal(new ChangeOrigin { Source = ChangeSource.Request, Actor = "alice" }, found.Origin);
        Assert.Same(RegistryErrorCode.ManifestUnknown, (await _operations.Trash.FindAsync(B, Of(Image), OriginDetail.Full)).Error?.Code);
    }

    [Fact]
    public async Task Entries_are_listed_in_pages_of_a_repository_and_of_all()
    {
        byte[][] images = [.. Enumerable.Range(0, 5).Select(i => Samples.Image("config", [], note: $"{i}"))];
        await LinkAsync(A, "config");
        await LinkAsync(B, "config");
        foreach (var image in images)
        {
            await StoreAsync(A, image);
            await StoreAsync(B, image);
            await DeleteAsync(A, image);
            await DeleteAsync(B, image);
        }

        var listed = new List<TrashEntry>();
        TrashPage page;
        do
        {
            page = await _operations.Trash.ListAsync(A, listed.LastOrDefault()?.Id, limit: null, OriginDetail.Full);
            Assert.InRange(page.Entries.Count, 1, 2);
            listed.AddRange(page.Entries);
        }
        while (page.HasMore);
        Assert.Equal(images.Reverse().Select(Of), listed.Select(entry => entry.Digest));
        Assert.All(listed, entry => Assert.Equal(A, entry.Repository));

        listed.Clear();
        TrashListing part;
        do
        {
            part = await _operations.Trash.ListAllAsync(listed.LastOrDefault()?.Id, limit: 100, _ => true, OriginDetail.Full);
            Assert.InRange(part.Entries.Count, 1, 4);
            listed.AddRange(part.Entries);
        }
        while (part.Last is not null);
        Assert.Equal(images.Reverse().SelectMany(image => new[] { (B, Of(image)), (A, Of(image)) }), listed.Select(entry => (entry.Repository, entry.Digest)));
        Assert.Equal([(A, Of(images[0])), (B, Of(images[0])), (A, Of(images[1]))], (await _engine.Trash.ListOldestAsync(3)).Select(entry => (entry.Repository, entry.Digest)));
        Assert.All((await _operations.Trash.ListAllAsync(null, limit: 3, name => name == B, OriginDetail.Full)).Entries, entry => Assert.Equal(B, entry.Repository));
        Assert.Empty((await _operations.Trash.ListAsync(Samples.Repository("none"), null, null, OriginDetail.Full)).Entries);
    }

    [Fact]
    public async Task Without_a_period_a_deletion_is_final()
    {
        using var final = new ContentInRows(_engine);
        await PushAsync(A, Image, "v1");
        Assert.Null((await final.Manifests.DeleteAsync(A, Of(Image), Precondition.None, ContractOrigin.Request)).Error);
        Assert.Null(await _engine.Trash.FindAsync(A, Of(Image)));
        Assert.Equal([Of(Image)], await _engine.Collector.ListOrphansAsync(10));
        await _engine.AdvanceAsync(Grace + TimeSpan.FromSeconds(1));
        Assert.Equal(2, (await _engine.Collector.ExpireLinksAsync(Grace, 10)).Count);
    }

    [Fact]
    public async Task What_a_deletion_without_a_trash_has_begun_ends_in_it()
    {
        await PushAsync(A, Image, "v1");
        await DeleteAsync(A, Image);
        Assert.Equal(new TrashRecord(A, Of(Image)), Assert.Single(await _engine.Collector.ListOldTrashAsync(TimeSpan.Zero, 10)));
        Assert.Equal([Of(Image)], await _engine.Collector.ExpireTrashAsync(A, [Of(Image)], TimeSpan.Zero));
        Assert.Null(await _engine.Trash.FindAsync(A, Of(Image)));
    }

    [Fact]
    public async Task A_deletion_by_tag_leaves_nothing_in_the_trash()
    {
        await PushAsync(A, Image, "v1");
        Assert.Null((await _operations.Manifests.DeleteAsync(A, Tag.Parse("v1"), Precondition.None, ContractOrigin.Request)).Error);
        Assert.Empty((await _engine.Trash.ListAllAsync(null, 10)).Entries);
        Assert.NotNull(await _engine.Metadata.FindManifestAsync(A, Of(Image)));
    }

    [Fact]
    public async Task What_the_collector_removes_does_not_go_into_the_trash()
    {
        await PushAsync(A, Image);
        await StoreAsync(A, Index);
        await DeleteAsync(A, Index);
        await _engine.Collector.ExpireTrashAsync();
        Assert.Equal([Of(Image)], await _engine.Collector.ExpireManifestsAsync(A, [Of(Image)], IdleTimes.Any, withRoots: false));
        await PushAsync(A, OtherImage);
        Assert.Equal([Of(OtherImage)], await _engine.Collector.ExpireManifestsAsync(A, [Of(OtherImage)], IdleTimes.Any, withRoots: true));
        Assert.Empty((await _engine.Trash.ListAllAsync(null, 10)).Entries);
    }

    [Fact]
    public async Task The_totals_count_entries_and_what_they_hold()
    {
        await PushAsync(A, Image, "v1");
        await PushAsync(B, Image);
        Assert.Equal((0, 0), await ReadTotalsAsync());
        var size = Image.Length + "config".Length + "layer".Length;
        await DeleteAsync(A, Image);
        await DeleteAsync(B, Image);
        Assert.Equal((2, 2 * size), await ReadTotalsAsync());
        Assert.Equal(3, (await _engine.ReadTotalsAsync()).Blobs);
        Assert.Equal((0, 0), ((await _engine.ReadTotalsAsync()).Manifests, (await _engine.ReadTotalsAsync()).Tags));
        await StoreAsync(A, Image);
        Assert.Equal((1, size), await ReadTotalsAsync());
        await _engine.Collector.ExpireTrashAsync();
        Assert.Equal((0, 0), await ReadTotalsAsync());

        async Task<(long, long)> ReadTotalsAsync() => await _engine.ReadTotalsAsync() is var totals ? (totals.Trashed, totals.TrashedBytes) : default;
    }

    [Fact]
    public async Task The_trash_outlives_a_restart()
    {
        await PushAsync(A, Image, "v1");
        await DeleteAsync(A, Image);
        var before = await _engine.Trash.FindAsync(A, Of(Image));
        await _engine.ReopenAsync(cleanly: false);
        var after = await _engine.Trash.FindAsync(A, Of(Image));
        Assert.Equal(before! with { Tags = [] }, after! with { Tags = [] });
        Assert.Equal(before.Tags, after.Tags);
    }

    public async ValueTask DisposeAsync()
    {
        _operations.Dispose();
        await _engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task LinkAsync(RepositoryName repository, string blob) =>
        Assert.Null(await _engine.Metadata.LinkBlobAsync(repository, Samples.Digest(blob), blob.Length));

    private async Task PushAsync(RepositoryName repository, byte[] image, params string[] tags) =>
        Assert.Null(await _operations.PushAsync(repository, image, [.. tags.Select(Tag.Parse)]));

    private async Task StoreAsync(RepositoryName repository, byte[] manifest, params string[] tags) => Assert.Null((await _operations.Manifests.PutAsync(
        repository, Of(manifest), null, manifest, [.. tags.Select(Tag.Parse)], Precondition.None, ContractOrigin.Request, default)).Error);

    private async Task<ManifestDeletion> DeleteAsync(RepositoryName repository, byte[] manifest) =>
        (await _operations.Manifests.DeleteAsync(repository, Of(manifest), Precondition.None, ContractOrigin.Request)).Value;

    private Task<Result<Restored>> RestoreAsync(RepositoryName repository, byte[] manifest) =>
        _operations.Restores.RestoreAsync(repository, Of(manifest), null, ContractOrigin.Request, default);

    // Everything that a collector removes with this grace period, until nothing is left to remove: manifests, links, and bytes.
    private async Task<int> CollectAsync(TimeSpan grace)
    {
        var removed = 0;
        for (var before = -1; before != removed;)
        {
            before = removed;
            foreach (var unsettled in await _engine.Collector.ListUnsettledSubjectsAsync(100))
            {
                await _engine.Collector.SettleReferrersAsync(unsettled);
            }

            foreach (var idle in await _engine.Collector.ListIdleManifestsAsync(grace, withRoots: false, 100))
            {
                removed += (await _engine.Collector.ExpireManifestsAsync(idle.Repository, [idle.Digest], grace, withRoots: false)).Count;
            }

            removed += (await _engine.Collector.ExpireLinksAsync(grace, 100)).Count;
            foreach (var orphan in await _engine.Collector.ListOrphansAsync(100))
            {
                if (await _engine.Collector.CondemnAsync(orphan) is not null)
                {
                    await _engine.Collector.ForgetAsync(orphan);
                    removed++;
                }
            }
        }

        return removed;
    }
}
