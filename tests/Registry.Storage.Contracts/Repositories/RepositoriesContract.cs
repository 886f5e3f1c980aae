using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Repositories;

namespace Registry.Storage.Contracts.Repositories;

/// <summary>Contract of <see cref="IRepositories"/>, together with its metadata, and of the operations on both: renames.</summary>
public abstract partial class RepositoriesContract : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private static readonly RepositoryName A = Samples.Repository("team/a");
    private static readonly RepositoryName B = Samples.Repository("team/b");
    private static readonly RepositoryName C = Samples.Repository("team/a/c");
    private static readonly Tag V1 = Tag.Parse("v1");
    private static readonly byte[] Image = Samples.Image("config", [Samples.Layer("layer")], note: "image");
    private static readonly byte[] OtherImage = Samples.Image("config", [Samples.Layer("other")], note: "other");
    private static readonly byte[] Index = Samples.Index([Samples.Child(Image), Samples.Child(OtherImage)]);
    private static readonly byte[] Signature = Samples.Image("signature", [], Samples.Child(Image));

    private readonly IMetadataEngine _engine;
    private readonly ContentInRows _operations;

    protected RepositoriesContract(IMetadataEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
        _operations = new ContentInRows(engine, Period);
    }

    private static Digest Of(byte[] manifest) => Samples.Digest(manifest);

    [Fact]
    public async Task A_rename_moves_all_that_a_repository_has()
    {
        await PushAsync(A, Image, "v1", "v2");
        await PushAsync(A, OtherImage);
        await StoreAsync(A, Index, "all");
        await PushAsync(A, Signature);
        await PushAsync(C, Image, "v1");
        var contents = await _engine.Listing.ReadAsync(A);
        var summary = (await _operations.Repositories.FindAsync(A, All)).Value;

        Assert.Null(await RenameAsync(A, B));

        AssertSame(contents, await _engine.Listing.ReadAsync(B));
        Assert.True((await _engine.Listing.ReadAsync(A)).IsEmpty);
        Assert.Equal(summary with { Repository = B }, (await _operations.Repositories.FindAsync(B, All)).Value);
        Assert.Equal((4, 3, 4, 0), (summary.Manifests, summary.Tags, summary.Blobs, summary.Trashed));
        Assert.Equal(
            Image.Length + OtherImage.Length + Index.Length + Signature.Length + "config".Length + "layer".Length + "other".Length + "signature".Length, summary.Bytes);
        Assert.Equal([C.Value, B.Value], (await _engine.Metadata.ListRepositoriesAsync([RepositoryRange.All], null, 10)).Items);
        Assert.Null(await _engine.Metadata.ListTagsAsync(A, null, 10));
        Assert.Equal(["all", "v1", "v2"], (await _engine.Metadata.ListTagsAsync(B, null, 10))!.Items);
        Assert.Null(await _engine.Metadata.FindManifestAsync(A, V1));
        Assert.Equal(Of(Image), (await _engine.Metadata.FindManifestAsync(B, V1))!.Digest);
        Assert.Equal(Of(Signature), Assert.Single((await _engine.Metadata.ListReferrersAsync(B, Of(Image), null, null, 10)).Items).Digest);
        Assert.Null(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("layer")));
        Assert.NotNull(await _engine.Metadata.FindBlobAsync(B, Samples.Digest("layer")));
    }

    [Fact]
    public async Task Results_in_memory_follow_a_rename()
    {
        await PushAsync(A, Image, "v1");
        Assert.NotNull(await _engine.Metadata.FindManifestAsync(A, V1));
        Assert.NotNull(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("layer")));
        Assert.Null(await RenameAsync(A, B));
        Assert.Null(await _engine.Metadata.FindManifestAsync(A, V1));
        Assert.Null(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("layer")));
        Assert.NotNull(await _engine.Metadata.FindManifestAsync(B, V1));
        Assert.NotNull(await _engine.Metadata.FindBlobAsync(B, Samples.Digest("layer")));
        await PushAsync(A, OtherImage, "v1");
        Assert.Equal(Of(OtherImage), (await _engine.Metadata.FindManifestAsync(A, V1))!.Digest);
        Assert.Equal(Of(Image), (await _engine.Metadata.FindManifestAsync(B, V1))!.Digest);
    }

    [Fact]
    public async Task A_rename_is_one_change_and_tells_where_the_name_has_gone()
    {
        await PushAsync(A, Image, "v1");
        var before = (await _engine.ReadChangesAsync())[^1].Sequence;
        var origin = new ChangeOrigin { Source = ChangeSource.Request, Actor = "alice", Request = "7", Address = "192.0.2.7", Client = "registry" };
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(3));
        Assert.Null(await _operations.Repositories.RenameAsync(A, B, All, origin));

        var change = Assert.Single(await _engine.ReadChangesAsync(before));
        Assert.Equal((ChangeKind.RepositoryRenamed, A, B, origin), (change.Kind, change.Repository, change.NewName, change.Origin));
        var rename = await _engine.Repositories.FindRenameAsync(A);
        Assert.Equal(new RepositoryRename(A, B, DateTimeOffset.FromUnixTimeSeconds(_engine.UnixTime), origin), rename);
        Assert.Null(await _engine.Repositories.FindRenameAsync(B));

        // The new name only to a caller who may pull from it.
        Assert.Contains($" renamed to {B} at ", await _operations.Repositories.DescribeRenameAsync(A, All), StringComparison.Ordinal);
        var hidden = await _operations.Repositories.DescribeRenameAsync(A, _ => false);
        Assert.StartsWith($"the repository {A} was renamed at ", hidden, StringComparison.Ordinal);
        Assert.DoesNotContain(B.Value, hidden, StringComparison.Ordinal);
        var unknown = (await _operations.Repositories.FindAsync(A, All)).Error!;
        Assert.Same(RegistryErrorCode.NameUnknown, unknown.Code);
        Assert.Contains(B.Value, Assert.Single(unknown.Details), StringComparison.Ordinal);

        await PushAsync(A, OtherImage);
        Assert.Null(await _operations.Repositories.DescribeRenameAsync(A, All));
    }

    [Fact]
    public async Task The_history_goes_along_and_the_old_name_begins_anew()
    {
        await PushAsync(A, Image, "v1");
        await PushAsync(A, OtherImage, "v1");
        Assert.Null(await RenameAsync(A, B));

        Assert.Equal([Of(OtherImage), Of(Image)], (await _engine.History.ReadAsync(B, V1, null, 10)).Entries.Select(entry => entry.Digest!.Value));
        Assert.Empty((await _engine.History.ReadAsync(A, V1, null, 10)).Entries);
        var rolled = await _operations.Rollbacks.RollBackAsync(B, V1, Core.History.RollbackTarget.Previous, Precondition.None, ContractOrigin.Request, default);
        Assert.Equal(Of(Image), rolled.Value.Digest);
        await PushAsync(A, OtherImage, "v1");
        Assert.Equal([Of(OtherImage)], (await _engine.History.ReadAsync(A, V1, null, 10)).Entries.Select(entry => entry.Digest!.Value));
        Assert.Equal(3, (await _engine.History.ReadAsync(B, V1, null, 10)).Entries.Count);
    }

    [Fact]
    public async Task The_trash_goes_along()
    {
        await PushAsync(A, Image, "v1");
        await PushAsync(A, OtherImage);
        Assert.Null((await _operations.Manifests.DeleteAsync(A, Of(Image), Precondition.None, ContractOrigin.Request)).Error);
        Assert.Null(await RenameAsync(A, B));

        Assert.Null(await _engine.Trash.FindAsync(A, Of(Image)));
        Assert.Equal(B, (await _engine.Trash.FindAsync(B, Of(Image)))!.Repository);
        Assert.Equal([V1], (await RestoreAsync(B, Image)).Value.Tags);
    }

    [Fact]
    public async Task Idle_times_and_what_is_held_go_along()
    {
        await PushAsync(A, Image);
        await StoreAsync(A, Index, "all");
        await LinkAsync(A, "idle");
        await _engine.AdvanceAsync(Grace);
        Assert.Null(await RenameAsync(A, B));
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(1));

        Assert.Equal([new(B, Samples.Digest("idle"))], await _engine.Collector.ExpireLinksAsync(Grace, 10));
        Assert.NotNull((await _engine.Metadata.FindBlobAsync(B, Samples.Digest("layer")))!);
        Assert.Null((await _engine.Metadata.FindManifestAsync(B, Of(Image)))!.IdleSince);
    }

    [Fact]
    public async Task A_rename_is_refused_while_the_new_name_is_taken()
    {
        await PushAsync(A, Image, "v1");
        Assert.Same(RegistryErrorCode.NameUnknown, (await RenameAsync(B, A))?.Code);
        Assert.Same(RegistryErrorCode.BadRequest, (await RenameAsync(A, A))?.Code);

        await LinkAsync(B, "config");
        await AssertTakenAsync("blobs were pushed to a repository team/b");
        await PushAsync(B, Image);
        await AssertTakenAsync("there is a repository team/b");
        Assert.Null((await _operations.Manifests.DeleteAsync(B, Of(Image), Precondition.None, ContractOrigin.Request)).Error);
        await AssertTakenAsync("1 deleted manifest of a repository team/b can still be restored");
        Assert.Null((await _operations.Trash.PurgeAsync(B, Of(Image), null, ContractOrigin.Request)).Error);
        Assert.Null(await RenameAsync(A, B));
        Assert.Equal([V1.Value], (await _engine.Metadata.ListTagsAsync(B, null, 10))!.Items);

        async Task AssertTakenAsync(string reason)
        {
            var before = (await _engine.ReadChangesAsync())[^1].Sequence;
            var error = await RenameAsync(A, B);
            Assert.Same(RegistryErrorCode.RenameImpossible, error?.Code);
            Assert.StartsWith(reason, Assert.Single(error!.Details), StringComparison.Ordinal);
            Assert.Empty(await _engine.ReadChangesAsync(before));
        }
    }

    [Fact]
    public async Task A_name_that_a_deleted_repository_had_has_the_history_of_the_new_one_only()
    {
        await PushAsync(B, OtherImage, "v1", "old");
        Assert.Null((await _operations.Repositories.DeleteAsync(B, All, ContractOrigin.Request, default)).Error);
        await PurgeAllAsync(B);
        await PushAsync(A, Image, "v1");
        Assert.Null(await RenameAsync(A, B));

        Assert.Single((await _engine.History.ReadAsync(B, V1, null, 10)).Entries);
        Assert.Empty((await _engine.History.ReadAsync(B, Tag.Parse("old"), null, 10)).Entries);
        Assert.Empty((await _engine.History.ReadAsync(A, Tag.Parse("old"), null, 10)).Entries);
        Assert.Equal([B], await _engine.Listing.ListRepositoriesAsync(null, 10));
        Assert.Null(await RenameAsync(B, A));
        Assert.Null(await RenameAsync(A, B));
        await PushAsync(A, OtherImage, "v1");
        Assert.Equal([A, B], await _engine.Listing.ListRepositoriesAsync(null, 10));
    }

    [Fact]
    public async Task Referrers_that_were_not_settled_are_settled_after_a_rename()
    {
        await PushAsync(A, Image);
        for (var i = 0; i < 40; i++)
        {
            await StoreAsync(A, Samples.Image("config", [], Samples.Child(Image), note: $"{i}"));
        }

        Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, Of(Image), Precondition.None)).Error);
        await StoreAsync(A, Image);
        var unsettled = Assert.Single(await _engine.Collector.ListUnsettledSubjectsAsync(10));
        Assert.Null(await RenameAsync(A, B));

        // It names the repository that the collector has listed.
        Assert.False(await _engine.Collector.SettleReferrersAsync(unsettled));
        foreach (var left in await _engine.Collector.ListUnsettledSubjectsAsync(10))
        {
            Assert.Equal(B, left.Repository);
            while (await _engine.Collector.SettleReferrersAsync(left))
            {
            }
        }

        foreach (var digest in (await _engine.Listing.ReadAsync(B)).Manifests.Where(digest => digest != Of(Image)))
        {
            Assert.Null((await _engine.Metadata.FindManifestAsync(B, digest))!.IdleSince);
        }
    }

    [Fact]
    public async Task Rules_are_asked_about_a_rename_and_about_each_tag_under_the_new_name()
    {
        await PushAsync(A, Image, "v1", "v2");
        var asked = new List<(RepositoryName, string, Digest?, Digest?)>();
        _engine.Rules.Rename = change => RefuseIf(change.NewName == C);
        _engine.Rules.Tag = change =>
        {
            asked.Add((change.Repository, change.Tag.Value, change.Before, change.After));
            return RefuseIf(change.Repository == B && change.Tag.Value == "v2");
        };
        Assert.Same(RegistryErrorCode.Denied, (await RenameAsync(A, C))?.Code);
        Assert.Empty(asked);
        Assert.Same(RegistryErrorCode.Denied, (await RenameAsync(A, B))?.Code);
        Assert.Equal([(B, "v1", null, Of(Image)), (B, "v2", null, Of(Image))], asked);
        Assert.NotNull(await _engine.Metadata.FindManifestAsync(A, V1));
        Assert.Null(await _engine.Repositories.FindRenameAsync(A));
        _engine.Rules.Allow();
        Assert.Null(await RenameAsync(A, B));
    }

    [Fact]
    public async Task A_rename_is_durable()
    {
        await PushAsync(A, Image, "v1");
        var commits = _engine.SyncedCommits;
        Assert.Null(await RenameAsync(A, B));
        Assert.True(_engine.SyncedCommits > commits);
        await _engine.ReopenAsync(cleanly: false);
        Assert.Equal(Of(Image), (await _engine.Metadata.FindManifestAsync(B, V1))?.Digest);
        Assert.Equal(B, (await _engine.Repositories.FindRenameAsync(A))?.NewName);
    }

    public async ValueTask DisposeAsync()
    {
        _operations.Dispose();
        await _engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private static RegistryError? RefuseIf(bool isRefused) => isRefused ? new RegistryError(RegistryErrorCode.Denied) : null;

    private static bool All(RepositoryName name) => true;

    private static void AssertSame(Core.Indexing.RepositoryContents expected, Core.Indexing.RepositoryContents actual)
    {
        Assert.Equal(expected.Tags.OrderBy(tag => tag.Key.Value, StringComparer.Ordinal), actual.Tags.OrderBy(tag => tag.Key.Value, StringComparer.Ordinal));
        Assert.Equal(expected.Manifests.Order(), actual.Manifests.Order());
        Assert.Equal(expected.Blobs.Order(), actual.Blobs.Order());
    }

    private Task<RegistryError?> RenameAsync(RepositoryName from, RepositoryName to) => _operations.Repositories.RenameAsync(from, to, All, ContractOrigin.Request);

    private async Task LinkAsync(RepositoryName repository, string blob) =>
        Assert.Null(await _engine.Metadata.LinkBlobAsync(repository, Samples.Digest(blob), blob.Length));

    private async Task PushAsync(RepositoryName repository, byte[] image, params string[] tags) =>
        Assert.Null(await _operations.PushAsync(repository, image, [.. tags.Select(Tag.Parse)]));

    private async Task StoreAsync(RepositoryName repository, byte[] manifest, params string[] tags) => Assert.Null((await _operations.Manifests.PutAsync(
        repository, Of(manifest), null, manifest, [.. tags.Select(Tag.Parse)], Precondition.None, ContractOrigin.Request, default)).Error);

    private Task<Result<Core.Trash.Restored>> RestoreAsync(RepositoryName repository, byte[] manifest) =>
        _operations.Restores.RestoreAsync(repository, Of(manifest), null, ContractOrigin.Request, default);

    private async Task PurgeAllAsync(RepositoryName repository)
    {
        foreach (var entry in (await _engine.Trash.ListAsync(repository, null, 1000)).Entries)
        {
            Assert.Null((await _operations.Trash.PurgeAsync(repository, entry.Digest, null, ContractOrigin.Request)).Error);
        }
    }
}
