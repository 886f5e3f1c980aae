using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Repositories;

namespace Registry.Storage.Contracts.Repositories;

/// <summary>Deletions of whole repositories.</summary>
public abstract partial class RepositoriesContract
{
    [Fact]
    public async Task A_deleted_repository_is_gone_as_one_that_never_existed()
    {
        await PushAsync(A, Image, "v1", "v2");
        await PushAsync(A, OtherImage);
        await StoreAsync(A, Index, "all");
        await PushAsync(C, Image, "v1");
        await LinkAsync(A, "idle");

        var deletion = (await DeleteAsync(A)).Value;

        Assert.Equal((3, 3, 1, 3, true), (deletion.Manifests, deletion.Tags, deletion.Blobs, deletion.Trashed, deletion.IsGone));
        Assert.Equal(Image.Length + OtherImage.Length + Index.Length, deletion.Bytes);
        Assert.Null(deletion.Stopped);
        Assert.Equal([C.Value], (await _engine.Metadata.ListRepositoriesAsync([RepositoryRange.All], null, 10)).Items);
        Assert.Null(await _engine.Metadata.ListTagsAsync(A, null, 10));
        Assert.Null(await _engine.Metadata.FindManifestAsync(A, V1));
        Assert.Null(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("idle")));
        Assert.Same(RegistryErrorCode.NameUnknown, (await _operations.Repositories.FindAsync(A, All)).Error?.Code);
        Assert.Same(RegistryErrorCode.NameUnknown, (await DeleteAsync(A)).Error?.Code);
        Assert.Same(RegistryErrorCode.NameUnknown, (await RenameAsync(A, B))?.Code);
        Assert.Equal([V1.Value], (await _engine.Metadata.ListTagsAsync(C, null, 10))!.Items);
    }

    [Fact]
    public async Task All_entries_of_a_deleted_repository_come_back_in_the_order_of_the_trash()
    {
        await PushAsync(A, Image, "v1", "v2");
        await PushAsync(A, OtherImage);
        await StoreAsync(A, Index, "all");
        await PushAsync(A, Signature);
        var before = await _engine.Listing.ReadAsync(A);
        await DeleteAsync(A);

        foreach (var entry in (await _engine.Trash.ListAsync(A, null, 10)).Entries)
        {
            Assert.Null((await _operations.Restores.RestoreAsync(A, entry.Digest, null, ContractOrigin.Request, default)).Error);
        }

        AssertSame(before, await _engine.Listing.ReadAsync(A));
        Assert.Equal(["all", "v1", "v2"], (await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
    }

    [Fact]
    public async Task An_index_of_a_deleted_repository_needs_its_children_in_whatever_order_they_were_deleted()
    {
        // The content of the index is older than that of its children.
        var sparse = Samples.Put(B, Index).Requiring(ManifestReferences.Sparse);
        Assert.Null((await _engine.Metadata.PutManifestAsync(sparse)).Error);
        await PushAsync(A, Image);
        await PushAsync(A, OtherImage);
        await StoreAsync(A, Index, "all");
        await DeleteAsync(A);

        Assert.Same(RegistryErrorCode.RestoreImpossible, (await RestoreAsync(A, Index)).Error?.Code);
        Assert.Null((await RestoreAsync(A, Image)).Error);
        Assert.Null((await RestoreAsync(A, OtherImage)).Error);
        Assert.Null((await RestoreAsync(A, Index)).Error);
    }

    [Fact]
    public async Task A_child_that_was_deleted_before_its_repository_is_not_needed_by_the_index()
    {
        await PushAsync(A, Image);
        await PushAsync(A, OtherImage);
        await StoreAsync(A, Index, "all");
        Assert.Null((await _operations.Manifests.DeleteAsync(A, Of(Image), Precondition.None, ContractOrigin.Request)).Error);
        await DeleteAsync(A);
        Assert.Null((await RestoreAsync(A, OtherImage)).Error);
        Assert.Null((await RestoreAsync(A, Index)).Error);
    }

    [Fact]
    public async Task A_push_to_the_name_of_a_deleted_repository_works()
    {
        await PushAsync(A, Image, "v1");
        await DeleteAsync(A);
        await LinkAsync(A, "config");

        // It exists from its first manifest on.
        Assert.Null(await _engine.Metadata.ListTagsAsync(A, null, 10));
        await PushAsync(A, OtherImage, "v2");
        Assert.Equal(["v2"], (await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
        Assert.Equal([A.Value], (await _engine.Metadata.ListRepositoriesAsync([RepositoryRange.All], null, 10)).Items);
        Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, Of(OtherImage), Precondition.None)).Error);

        // Only the deletion of the whole repository ends it.
        Assert.Empty((await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
        Assert.Equal([V1], (await RestoreAsync(A, Image)).Value.Tags);
    }

    [Fact]
    public async Task Without_a_trash_a_deletion_is_final_and_leaves_nothing()
    {
        using var final = new ContentInRows(_engine);
        await PushAsync(A, Image, "v1");
        await PushAsync(A, OtherImage);
        await StoreAsync(A, Index);
        await PushAsync(A, Signature);
        var deletion = (await final.Repositories.DeleteAsync(A, All, ContractOrigin.Request, default)).Value;

        Assert.Equal((4, 1, 4, 0, true), (deletion.Manifests, deletion.Tags, deletion.Blobs, deletion.Trashed, deletion.IsGone));
        Assert.Empty((await _engine.Trash.ListAllAsync(null, 10)).Entries);
        Assert.True((await _engine.Listing.ReadAsync(A)).IsEmpty);
        Assert.Equal(8, (await _engine.Collector.ListOrphansAsync(100)).Count);
        var totals = await _engine.ReadTotalsAsync();
        Assert.Equal((0, 0, 0, 0), (totals.Manifests, totals.Tags, totals.LogicalBytes, totals.Repositories));

        // The name is free at once.
        await PushAsync(C, Image, "v1");
        Assert.Null(await RenameAsync(C, A));
    }

    [Fact]
    public async Task The_changes_are_those_of_its_content_with_one_origin()
    {
        await PushAsync(A, Image, "v1");
        await LinkAsync(A, "idle");
        var before = (await _engine.ReadChangesAsync())[^1].Sequence;
        await DeleteAsync(A);
        var changes = await _engine.ReadChangesAsync(before);
        Assert.Equal([ChangeKind.TagRemoved, ChangeKind.ManifestRemoved, ChangeKind.BlobUnlinked], changes.Select(change => change.Kind));
        Assert.All(changes, change => Assert.Equal((Deletion, A, RepositoryDeletion.Reason), (change.Origin, change.Repository, change.Reason)));
        Assert.Equal(RepositoryDeletion.Reason, (await _engine.History.FindRemovalAsync(A, Of(Image)))?.Reason);
    }

    [Fact]
    public async Task Very_many_manifests_and_tags_are_deleted_in_turns()
    {
        const int Manifests = 230;
        await LinkAsync(A, "config");
        for (var i = 0; i < Manifests; i++)
        {
            await StoreAsync(A, Samples.Image("config", [], note: $"{i}"), $"v{i}");
        }

        foreach (var tags in Enumerable.Range(0, 1200).Select(i => $"many{i}").Chunk(100))
        {
            await StoreAsync(A, Samples.Image("config", [], note: "7"), tags);
        }

        var turns = 0;
        for (long? next = null; turns == 0 || next is not null; turns++)
        {
            var turn = (await _engine.Repositories.DeleteSomeAsync(A, next, Deletion, toTrash: true)).Value;
            Assert.True(turn.Manifests <= 100);
            if (turn.Heavy is { } heavy)
            {
                Assert.Null((await _engine.Metadata.DeleteManifestAsync(A, heavy, Precondition.None, Deletion, toTrash: true, RepositoryDeletion.Reason)).Error);
            }

            next = turn.Next;
        }

        Assert.InRange(turns, 3, 20);
        Assert.Equal(Manifests, (await _engine.ReadTotalsAsync()).Trashed);
        Assert.True((await DeleteAsync(A)).Value.IsGone);
        Assert.Equal(0, (await _engine.ReadTotalsAsync()).Tags);
    }

    [Fact]
    public async Task A_deletion_that_was_interrupted_is_continued_by_the_next_one()
    {
        await LinkAsync(A, "config");
        for (var i = 0; i < 150; i++)
        {
            await StoreAsync(A, Samples.Image("config", [], note: $"{i}"), $"v{i}");
        }

        var first = (await _engine.Repositories.DeleteSomeAsync(A, null, Deletion, toTrash: true)).Value;
        Assert.InRange(first.Manifests, 1, 149);
        await _engine.ReopenAsync(cleanly: false);
        Assert.Equal(150 - first.Manifests, (await _engine.Listing.ReadAsync(A)).Manifests.Count);

        using var operations = new ContentInRows(_engine, Period);
        var rest = (await operations.Repositories.DeleteAsync(A, All, Deletion, default)).Value;
        Assert.Equal((150 - first.Manifests, 150 - first.Manifests, true), (rest.Manifests, rest.Tags, rest.IsGone));
        Assert.Equal(150, (await _engine.ReadTotalsAsync()).Trashed);
    }

    [Fact]
    public async Task What_is_pushed_after_its_turn_stays_with_all_that_it_holds()
    {
        // The content of all repositories is in one order, so this is the position of a deletion that has passed what is newer than the other image.
        await PushAsync(A, Image, "v1");
        await PushAsync(B, OtherImage);
        var position = (await _engine.Repositories.DeleteSomeAsync(B, null, Deletion, toTrash: true)).Value.Next;
        await StoreAsync(A, Samples.Index([Samples.Child(Image)]), "all");

        var turn = (await _engine.Repositories.DeleteSomeAsync(A, position, Deletion, toTrash: true)).Value;

        Assert.Equal(0, turn.Manifests);
        Assert.Equal(Of(Image), (await _engine.Metadata.FindManifestAsync(A, V1))?.Digest);
        Assert.Equal(["all", "v1"], (await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
        var end = await _engine.Repositories.UnlinkSomeAsync(A, null, Deletion);
        Assert.Equal(new UnlinkingTurn(null, 0, IsGone: false), end);
        Assert.NotNull(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("layer")));
    }

    [Fact]
    public async Task A_refusal_of_a_rule_leaves_the_whole_repository()
    {
        await PushAsync(A, Image, "v1");
        await PushAsync(A, OtherImage, "kept");
        _engine.Rules.Tag = change => RefuseIf(change.Tag.Value == "kept" && change.After is null);
        Assert.Same(RegistryErrorCode.Denied, (await DeleteAsync(A)).Error?.Code);
        Assert.Equal(["kept", "v1"], (await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
        _engine.Rules.Allow();
        _engine.Rules.Manifest = change => RefuseIf(change.Digest == Of(Image) && change.Content is null);
        Assert.Same(RegistryErrorCode.Denied, (await DeleteAsync(A)).Error?.Code);
        Assert.Equal(["kept", "v1"], (await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
        _engine.Rules.Allow();
        Assert.True((await DeleteAsync(A)).Value.IsGone);
    }

    private static ChangeOrigin Deletion { get; } = ContractOrigin.Request with { Request = "deletion" };

    private Task<Result<RepositoryDeletion>> DeleteAsync(RepositoryName repository) => _operations.Repositories.DeleteAsync(repository, All, Deletion, default);
}
