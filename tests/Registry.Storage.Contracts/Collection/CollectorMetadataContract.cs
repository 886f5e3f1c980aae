using Registry.Core.Collection;
using Registry.Core.Collection.Records;
using Registry.Core.Errors;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Collection;

/// <summary>Contract of <see cref="ICollectorMetadata"/>, together with its metadata.</summary>
public abstract partial class CollectorMetadataContract(IMetadataEngine engine) : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly Digest Blob = Samples.Digest("blob");

    private IMetadataStore Metadata => engine.Metadata;

    private ICollectorMetadata Collector => engine.Collector;

    [Fact]
    public async Task A_link_expires_when_it_was_idle_before_the_time()
    {
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await LinkAsync(A, "blob");
        Assert.Empty(await ExpireAsync(engine.IdleBefore(10)));
        Assert.Equal([new BlobLink(A, Blob)], await ExpireAsync(engine.IdleBefore(11)));
        Assert.Null(await Metadata.FindBlobAsync(A, Blob));
        Assert.Empty(await ExpireAsync(engine.IdleBefore(11)));
    }

    [Fact]
    public async Task Pushing_or_mounting_again_restarts_the_idle_time()
    {
        await LinkAsync(A, "blob");
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await LinkAsync(A, "blob");
        Assert.Empty(await ExpireAsync(engine.IdleBefore(10)));
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.True((await Metadata.MountBlobAsync(A, A, Blob)).Value);
        Assert.Empty(await ExpireAsync(engine.IdleBefore(20)));
        Assert.Single(await ExpireAsync(engine.IdleBefore(21)));
    }

    [Fact]
    public async Task A_link_that_a_manifest_of_its_repository_needs_never_expires()
    {
        await LinkAsync(A, "blob");
        await LinkAsync(B, "blob");
        await PutAsync(A, Samples.Image("blob", []));
        Assert.Equal([new BlobLink(B, Blob)], await ExpireAsync(IdleTimes.Any));
        Assert.NotNull(await Metadata.FindBlobAsync(A, Blob));
    }

    [Fact]
    public async Task A_foreign_layer_that_is_here_never_expires_while_a_manifest_has_it()
    {
        await LinkAsync(A, "config");
        await LinkAsync(A, "blob");
        await PutAsync(A, Samples.Image("config", [Samples.Layer("blob", Samples.ForeignType)]));
        Assert.Empty(await ExpireAsync(IdleTimes.Any));
    }

    [Fact]
    public async Task A_link_made_after_the_manifest_that_needs_it_is_not_idle()
    {
        var image = Samples.Image("blob", []);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, image).Requiring(ManifestReferences.Sparse))).Error);
        await LinkAsync(A, "blob");
        Assert.Empty(await ExpireAsync(IdleTimes.Any));
    }

    [Fact]
    public async Task The_idle_time_begins_when_the_last_manifest_that_needs_the_blob_is_deleted()
    {
        await LinkAsync(A, "blob");
        var first = await PutAsync(A, Samples.Image("blob", [], note: "first"));
        var second = await PutAsync(A, Samples.Image("blob", [], note: "second"));
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Null((await Metadata.DeleteManifestAsync(A, first, Precondition.None)).Error);
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.Empty(await ExpireAsync(IdleTimes.Any));
        Assert.Null((await Metadata.DeleteManifestAsync(A, second, Precondition.None)).Error);
        Assert.Empty(await ExpireAsync(engine.IdleBefore(20)));
        Assert.Single(await ExpireAsync(engine.IdleBefore(21)));
    }

    [Fact]
    public async Task Untagging_lets_nothing_expire()
    {
        await LinkAsync(A, "blob");
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, Samples.Image("blob", []), "latest"))).Error);
        Assert.Null((await Metadata.DeleteManifestAsync(A, Tag.Parse("latest"), Precondition.None)).Error);
        Assert.Empty(await ExpireAsync(IdleTimes.Any));
        Assert.Empty(await Collector.ListOrphansAsync(10));
    }

    [Fact]
    public async Task Less_than_the_limit_expires_only_when_nothing_is_left()
    {
        for (var i = 0; i < 10; i++)
        {
            await LinkAsync(A, $"blob {i}");
            await engine.AdvanceAsync(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(4, (await Collector.ExpireLinksAsync(engine.IdleBefore(5), 4)).Count);
        Assert.Single(await Collector.ExpireLinksAsync(engine.IdleBefore(5), 4));
        Assert.Empty(await Collector.ExpireLinksAsync(engine.IdleBefore(5), 4));
    }

    [Fact]
    public async Task Links_of_a_pinned_repository_never_expire()
    {
        await engine.IndexTarget.AddRepositoryAsync(new TreeRepository { Name = A, Layers = [new(Blob, 4)], IsPinned = true });
        await LinkAsync(B, "blob");
        Assert.Equal([new BlobLink(B, Blob)], await ExpireAsync(IdleTimes.Any));
    }

    [Fact]
    public async Task A_blob_is_an_orphan_when_its_last_link_is_gone()
    {
        await LinkAsync(A, "blob");
        await LinkAsync(B, "blob");
        Assert.Null((await Metadata.UnlinkBlobAsync(A, Blob)).Error);
        Assert.Empty(await Collector.ListOrphansAsync(10));
        Assert.Single(await ExpireAsync(IdleTimes.Any));
        Assert.Equal([Blob], await Collector.ListOrphansAsync(10));
    }

    [Fact]
    public async Task A_deleted_manifest_is_an_orphan_unless_another_repository_has_it()
    {
        await LinkAsync(A, "blob");
        await LinkAsync(B, "blob");
        var image = await PutAsync(A, Samples.Image("blob", []));
        await PutAsync(B, Samples.Image("blob", []));
        Assert.Null((await Metadata.DeleteManifestAsync(A, image, Precondition.None)).Error);
        Assert.Empty(await Collector.ListOrphansAsync(10));
        Assert.Null((await Metadata.DeleteManifestAsync(B, image, Precondition.None)).Error);
        Assert.Equal([image], await Collector.ListOrphansAsync(10));
    }

    [Fact]
    public async Task Orphans_are_listed_up_to_the_limit()
    {
        for (var i = 0; i < 5; i++)
        {
            await OrphanAsync($"blob {i}");
        }

        Assert.Equal(3, (await Collector.ListOrphansAsync(3)).Distinct().Count());
        Assert.Equal(5, (await Collector.ListOrphansAsync(10)).Distinct().Count());
    }

    [Fact]
    public async Task Idle_links_are_listed_and_counted_the_oldest_first()
    {
        await LinkAsync(A, "blob");
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await LinkAsync(B, "blob");
        await LinkAsync(B, "needed");
        await OrphanAsync("orphan");
        await PutAsync(B, Samples.Image("needed", []));
        await engine.IndexTarget.AddRepositoryAsync(
            new TreeRepository { Name = Samples.Repository("c"), Layers = [new(Blob, 4)], IsPinned = true });
        Assert.Empty(await Collector.ListIdleAsync(engine.IdleBefore(0), 10));
        Assert.Equal([new LinkRecord(A, Blob, 0, false)], await Collector.ListIdleAsync(engine.IdleBefore(10), 10));
        Assert.Equal([new LinkRecord(A, Blob, 0, false), new LinkRecord(B, Blob, 10, false)], await Collector.ListIdleAsync(engine.IdleBefore(11), 10));
        Assert.Equal([new LinkRecord(A, Blob, 0, false)], await Collector.ListIdleAsync(engine.IdleBefore(11), 1));
        Assert.Equal(new CollectorCounts(0, 0, 1), await Collector.CountRemovableAsync(engine.IdleBefore(0)));
        Assert.Equal(new CollectorCounts(0, 2, 1), await Collector.CountRemovableAsync(engine.IdleBefore(11)));
        Assert.Equal(new CollectorCounts(1, 4, 4), await Collector.CountAllAsync());
    }

    [Fact]
    public async Task It_explains_why_a_blob_is_there()
    {
        Assert.Equal(BlobState.Unknown, (await Collector.ExplainAsync(Blob, 10)).State);
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await LinkAsync(A, "blob");
        await LinkAsync(B, "blob");
        await engine.IndexTarget.AddRepositoryAsync(
            new TreeRepository { Name = Samples.Repository("c"), Layers = [new(Blob, 4)], IsPinned = true });
        var image = await PutAsync(A, Samples.Image("blob", []));
        var blob = await Collector.ExplainAsync(Blob, 10);
        Assert.Equal((BlobState.Stored, 4), (blob.State, blob.Size));
        Assert.Equal(
            [new LinkRecord(A, Blob, null, false), new LinkRecord(B, Blob, 10, false), new LinkRecord(Samples.Repository("c"), Blob, 10, true)],
            blob.Links.OrderBy(link => link.Repository.Value, StringComparer.Ordinal));
        Assert.Equal([new(A, image)], blob.NeededBy);
        Assert.Empty(blob.ManifestOf);
        Assert.Equal(2, (await Collector.ExplainAsync(Blob, 2)).Links.Count);
        var manifest = Assert.Single((await Collector.ExplainAsync(image, 10)).ManifestOf);
        Assert.Equal((A, image, 10, true, false), (manifest.Record.Repository, manifest.Record.Digest, manifest.Record.IdleSince, manifest.Record.IsRoot, manifest.Record.IsPinned));

        await OrphanAsync("orphan");
        Assert.Equal(BlobState.Orphaned, (await Collector.ExplainAsync(Samples.Digest("orphan"), 10)).State);
        Assert.NotNull(await Collector.CondemnAsync(Samples.Digest("orphan")));
        Assert.Equal(BlobState.Condemned, (await Collector.ExplainAsync(Samples.Digest("orphan"), 10)).State);
        var index = Samples.Index([Samples.Layer("mentioned")]);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, index, "multi").Requiring(ManifestReferences.Sparse))).Error);
        Assert.Equal(BlobState.Mentioned, (await Collector.ExplainAsync(Samples.Digest("mentioned"), 10)).State);
    }

    [Fact]
    public async Task What_was_never_stored_or_mentioned_or_is_forgotten_is_unknown()
    {
        await LinkAsync(A, "blob");
        await OrphanAsync("orphan");
        await OrphanAsync("forgotten");
        Assert.NotNull(await Collector.CondemnAsync(Samples.Digest("forgotten")));
        await Collector.ForgetAsync(Samples.Digest("forgotten"));
        var index = Samples.Index([Samples.Layer("mentioned")]);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, index, "multi").Requiring(ManifestReferences.Sparse))).Error);
        var unknown = new[] { "forgotten", "never" }.Select(Samples.Digest).ToArray();
        Digest[] known = [Blob, Samples.Digest("orphan"), Samples.Digest("mentioned"), Samples.Digest(index)];
        Assert.Equal(unknown, await Collector.FindUnknownAsync([.. known, .. unknown]));
        Assert.Empty(await Collector.FindUnknownAsync([]));
    }

    [Fact]
    public async Task What_is_not_an_orphan_cannot_be_condemned()
    {
        await LinkAsync(A, "blob");
        Assert.Null(await Collector.CondemnAsync(Blob));
        Assert.Null(await Collector.CondemnAsync(Samples.Digest("unknown")));
        Assert.Null(await Collector.CondemnAsync(await PutAsync(A, Samples.Image("blob", []))));
        Assert.Equal(4, await Metadata.FindSizeAsync(A, Blob));
    }

    [Fact]
    public async Task An_orphan_that_was_pushed_again_is_none()
    {
        await OrphanAsync("blob");
        await LinkAsync(A, "blob");
        Assert.Null(await Collector.CondemnAsync(Blob));
        Assert.Empty(await Collector.ListOrphansAsync(10));
    }

    [Fact]
    public async Task A_condemned_blob_is_forgotten()
    {
        await OrphanAsync("blob");
        Assert.NotNull(await Collector.CondemnAsync(Blob));
        await Collector.ForgetAsync(Blob);
        Assert.Empty(await Collector.ListOrphansAsync(10));
        Assert.Null(await Collector.CondemnAsync(Blob));
        await LinkAsync(A, "blob");
        Assert.Equal(4, await Metadata.FindSizeAsync(A, Blob));
    }

    [Fact]
    public async Task A_removal_that_was_cut_short_is_taken_up_again()
    {
        await OrphanAsync("blob");
        Assert.NotNull(await Collector.CondemnAsync(Blob));
        await engine.ReopenAsync(cleanly: false);
        Assert.Equal([Blob], await Collector.ListOrphansAsync(10));
        Assert.NotNull(await Collector.CondemnAsync(Blob));
        await Collector.ForgetAsync(Blob);
        Assert.Empty(await Collector.ListOrphansAsync(10));
    }

    [Fact]
    public async Task A_condemned_blob_that_is_pushed_again_is_a_blob_and_forgetting_it_is_harmless()
    {
        await OrphanAsync("blob");
        Assert.NotNull(await Collector.CondemnAsync(Blob));
        await LinkAsync(B, "blob");
        await Collector.ForgetAsync(Blob);
        Assert.Equal(4, await Metadata.FindSizeAsync(B, Blob));
        Assert.Empty(await Collector.ListOrphansAsync(10));
    }

    [Fact]
    public async Task Forgetting_what_a_sparse_manifest_still_mentions_leaves_the_manifest_and_lets_the_blob_come_back()
    {
        var index = Samples.Index([Samples.Layer("blob")]);
        await OrphanAsync("blob");
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, index, "multi"))).Error);
        Assert.NotNull(await Collector.CondemnAsync(Blob));
        await Collector.ForgetAsync(Blob);
        Assert.Null(await Metadata.FindBlobAsync(A, Blob));
        Assert.NotNull(await Metadata.FindManifestAsync(A, Samples.Digest(index)));

        await LinkAsync(A, "blob");
        Assert.Equal(4, await Metadata.FindSizeAsync(A, Blob));
        Assert.Empty(await ExpireAsync(IdleTimes.Any));
        Assert.Null((await Metadata.DeleteManifestAsync(A, Samples.Digest(index), Precondition.None)).Error);
        Assert.Single(await ExpireAsync(IdleTimes.Any));
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private Task<RegistryError?> LinkAsync(RepositoryName repository, string blob) =>
        Metadata.LinkBlobAsync(repository, Samples.Digest(blob), blob.Length);

    private async Task<Digest> PutAsync(RepositoryName repository, byte[] manifest)
    {
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(repository, manifest))).Error);
        return Samples.Digest(manifest);
    }

    private async Task OrphanAsync(string blob)
    {
        await LinkAsync(A, blob);
        Assert.Null((await Metadata.UnlinkBlobAsync(A, Samples.Digest(blob))).Error);
    }

    private Task<IReadOnlyList<BlobLink>> ExpireAsync(TimeSpan grace) => Collector.ExpireLinksAsync(grace, 100);
}
