using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.History;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Trash;

public abstract partial class TrashContract
{
    [Fact]
    public async Task A_restored_manifest_is_back_with_its_tags()
    {
        await PushAsync(A, Image, "v1", "v2");
        await DeleteAsync(A, Image);

        var restored = (await RestoreAsync(A, Image)).Value;

        Assert.Equal((Of(Image), 0), (restored.Digest, restored.Kept.Count));
        Assert.Equal(["v1", "v2"], restored.Tags.Select(tag => tag.Value));
        Assert.Equal(Of(Image), (await _engine.Metadata.FindManifestAsync(A, Tag.Parse("v1")))?.Digest);
        Assert.Equal((MediaTypes.OciManifest, (long)Image.Length), await _engine.Metadata.FindManifestAsync(A, Of(Image)) is { } found ? (found.MediaType, found.Size) : default);
        Assert.Empty((await _engine.Trash.ListAllAsync(null, 10)).Entries);
        Assert.Equal(0, await CollectAsync(IdleTimes.Any));
        var again = await RestoreAsync(A, Image);
        Assert.Same(RegistryErrorCode.ManifestUnknown, again.Error?.Code);
        Assert.Equal([$"a has {Of(Image)}; it is not in the trash"], again.Error!.Details);
    }

    [Fact]
    public async Task What_is_not_in_the_trash_is_unknown()
    {
        await PushAsync(A, Image, "v1");
        await PushAsync(B, Image, "v1");
        await DeleteAsync(A, Image);
        await DeleteAsync(B, Image);
        Assert.Same(RegistryErrorCode.ManifestUnknown, (await RestoreAsync(A, OtherImage)).Error?.Code);
        Assert.Same(RegistryErrorCode.ManifestUnknown, (await RestoreAsync(Samples.Repository("c"), Image)).Error?.Code);
        Assert.Null((await RestoreAsync(B, Image)).Error);
        Assert.NotNull(await _engine.Trash.FindAsync(A, Of(Image)));
    }

    [Fact]
    public async Task Tags_that_exist_stay_and_are_reported()
    {
        await PushAsync(A, Image, "v1", "v2", "v3");
        await DeleteAsync(A, Image);
        await PushAsync(A, OtherImage, "v2");

        var restored = (await RestoreAsync(A, Image)).Value;

        Assert.Equal(["v1", "v3"], restored.Tags.Select(tag => tag.Value));
        Assert.Equal([new MovedTag(Tag.Parse("v2"), Of(OtherImage))], restored.Kept);
        Assert.Equal(Of(OtherImage), (await _engine.Metadata.FindManifestAsync(A, Tag.Parse("v2")))?.Digest);
        Assert.Equal(Of(Image), (await _engine.Metadata.FindManifestAsync(A, Tag.Parse("v3")))?.Digest);
    }

    [Fact]
    public async Task A_manifest_all_of_whose_tags_exist_is_restored_without_one_and_is_idle()
    {
        await PushAsync(A, Image, "v1");
        await DeleteAsync(A, Image);
        await PushAsync(A, OtherImage, "v1");
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(5));
        Assert.Empty((await RestoreAsync(A, Image)).Value.Tags);
        Assert.Equal(_engine.Clock.Now, (await _engine.Metadata.FindManifestAsync(A, Of(Image)))?.IdleSince);
    }

    [Fact]
    public async Task A_push_takes_a_manifest_out_of_the_trash_without_its_tags()
    {
        await PushAsync(A, Image, "v1");
        await DeleteAsync(A, Image);
        var before = (await _engine.ReadChangesAsync())[^1].Sequence;
        await StoreAsync(A, Image);
        Assert.Equal([ChangeKind.ManifestAdded], (await _engine.ReadChangesAsync(before)).Select(change => change.Kind));
        Assert.Null(await _engine.Metadata.FindManifestAsync(A, Tag.Parse("v1")));
        Assert.Null(await _engine.Trash.FindAsync(A, Of(Image)));
        Assert.Equal(0, await CollectAsync(IdleTimes.Any));

        // Deleted again, it has only the tags of its second life.
        await StoreAsync(A, Image, "v2");
        await DeleteAsync(A, Image);
        Assert.Equal(["v2"], (await RestoreAsync(A, Image)).Value.Tags.Select(tag => tag.Value));
    }

    [Fact]
    public async Task A_rollback_takes_a_manifest_out_of_the_trash_without_its_other_tags()
    {
        await PushAsync(A, Image, "v1", "v2");
        await PushAsync(A, OtherImage, "v1");
        await DeleteAsync(A, Image);

        var rolled = await _operations.Rollbacks.RollBackAsync(
            A, Tag.Parse("v1"), RollbackTarget.Previous, Precondition.None, ContractOrigin.Request, default);

        Assert.Equal((Of(Image), Of(OtherImage)), (rolled.Value.Digest, rolled.Value.Before));
        Assert.Equal(Of(Image), (await _engine.Metadata.FindManifestAsync(A, Tag.Parse("v1")))?.Digest);
        Assert.Null(await _engine.Metadata.FindManifestAsync(A, Tag.Parse("v2")));
        Assert.Null(await _engine.Trash.FindAsync(A, Of(Image)));
    }

    [Fact]
    public async Task A_rollback_to_a_manifest_in_the_trash_without_its_blobs_says_so()
    {
        await PushAsync(A, Image, "v1");
        await PushAsync(A, OtherImage, "v1");
        await DeleteAsync(A, Image);
        Assert.Null((await _engine.Metadata.UnlinkBlobAsync(A, Samples.Digest("layer"))).Error);
        var rolled = await _operations.Rollbacks.RollBackAsync(
            A, Tag.Parse("v1"), RollbackTarget.Previous, Precondition.None, ContractOrigin.Request, default);
        Assert.Same(RegistryErrorCode.RollbackImpossible, rolled.Error?.Code);
        Assert.Contains(Samples.Digest("layer").Value, Assert.Single(rolled.Error!.Details), StringComparison.Ordinal);
        Assert.Equal(Of(OtherImage), (await _engine.Metadata.FindManifestAsync(A, Tag.Parse("v1")))?.Digest);
    }

    [Fact]
    public async Task A_rule_may_refuse_a_restore()
    {
        var refusal = new RegistryError(RegistryErrorCode.Denied, "frozen");
        await PushAsync(A, Image, "v1", "v2");
        await DeleteAsync(A, Image);
        await PushAsync(A, OtherImage, "v2");

        _engine.Rules.Manifest = change => change.Digest == Of(Image) && change.Content is not null ? refusal : null;
        Assert.Same(refusal, (await RestoreAsync(A, Image)).Error);
        _engine.Rules.Allow();
        _engine.Rules.Tag = change => change.Tag.Value == "v1" ? refusal : null;
        Assert.Same(refusal, (await RestoreAsync(A, Image)).Error);
        Assert.NotNull(await _engine.Trash.FindAsync(A, Of(Image)));
        Assert.Null(await _engine.Metadata.FindManifestAsync(A, Of(Image)));

        // It does not set a tag that exists, so no rule is asked about that.
        _engine.Rules.Tag = change => change.Tag.Value == "v2" ? refusal : null;
        Assert.Null((await RestoreAsync(A, Image)).Error);
    }

    [Fact]
    public async Task A_deleted_blob_that_only_the_trash_needs_makes_the_entry_incomplete()
    {
        await PushAsync(A, Image, "v1");
        await DeleteAsync(A, Image);
        Assert.Null((await _engine.Metadata.UnlinkBlobAsync(A, Samples.Digest("layer"))).Error);
        Assert.Equal(1, await CollectAsync(IdleTimes.Any));
        Assert.False(Assert.Single((await _engine.Trash.ListAsync(A, null, 10)).Entries).IsComplete);

        var refused = await RestoreAsync(A, Image);
        Assert.Same(RegistryErrorCode.RestoreImpossible, refused.Error?.Code);
        Assert.Equal([$"the blob {Samples.Digest("layer")} is gone; push it again"], refused.Error!.Details);

        await LinkAsync(A, "layer");
        Assert.Equal(0, await CollectAsync(IdleTimes.Any));
        Assert.True((await _engine.Trash.FindAsync(A, Of(Image)))!.IsComplete);
        Assert.Null((await RestoreAsync(A, Image)).Error);
    }

    [Fact]
    public async Task A_blob_that_a_manifest_needs_cannot_be_deleted_however_many_in_the_trash_do()
    {
        await PushAsync(A, Image);
        await PushAsync(A, OtherImage);
        await DeleteAsync(A, Image);
        Assert.Same(RegistryErrorCode.BlobInUse, (await _engine.Metadata.UnlinkBlobAsync(A, Samples.Digest("config"))).Error?.Code);
    }

    [Fact]
    public async Task Lost_bytes_make_an_entry_incomplete()
    {
        await PushAsync(A, Image);
        await DeleteAsync(A, Image);
        await _engine.Verifier.MarkLostAsync(Samples.Digest("layer"));
        Assert.False((await _engine.Trash.FindAsync(A, Of(Image)))!.IsComplete);
        await _engine.Verifier.MarkFoundAsync(Samples.Digest("layer"));
        Assert.True((await _engine.Trash.FindAsync(A, Of(Image)))!.IsComplete);
        await _engine.Verifier.MarkLostAsync(Of(Image));
        Assert.False((await _engine.Trash.FindAsync(A, Of(Image)))!.IsComplete);
        Assert.Contains(await _engine.Verifier.ListStoredAsync(0, 100), stored => stored.Digest == Of(Image) && stored.IsLost);
        Assert.Contains(A, await _engine.Verifier.FindRepositoriesAsync(Of(Image), 10));
        Assert.Same(RegistryErrorCode.RestoreImpossible, (await RestoreAsync(A, Image)).Error?.Code);
    }

    [Fact]
    public async Task A_child_in_the_trash_must_be_restored_first()
    {
        await PushAsync(A, Image);
        await StoreAsync(A, Index, "multi");
        await DeleteAsync(A, Index);
        await DeleteAsync(A, Image);

        var refused = await RestoreAsync(A, Index);

        Assert.Same(RegistryErrorCode.RestoreImpossible, refused.Error?.Code);
        Assert.Equal([$"the manifest {Of(Image)} is in the trash, too; restore it first"], refused.Error!.Details);
        Assert.Null((await RestoreAsync(A, Image)).Error);
        Assert.Equal(["multi"], (await RestoreAsync(A, Index)).Value.Tags.Select(tag => tag.Value));
    }

    [Fact]
    public async Task What_was_missing_at_the_deletion_may_be_missing_at_the_restore()
    {
        await StoreAsync(A, Index, "sparse");
        await DeleteAsync(A, Index);
        Assert.True((await _engine.Trash.FindAsync(A, Of(Index)))!.IsComplete);
        Assert.Null((await RestoreAsync(A, Index)).Error);
    }

    [Fact]
    public async Task A_manifest_with_very_many_tags_is_restored_with_all()
    {
        string[] names = [.. Enumerable.Range(0, 1300).Select(i => $"tag-{i:d4}")];
        await PushAsync(A, Image, names);
        Assert.Equal(names, (await DeleteAsync(A, Image)).Tags.Select(tag => tag.Value).Order(StringComparer.Ordinal));
        var listed = Assert.Single((await _engine.Trash.ListAsync(A, null, 10)).Entries);
        Assert.Equal((100, true), (listed.Tags.Count, listed.HasMoreTags));

        Assert.Equal(names, (await RestoreAsync(A, Image)).Value.Tags.Select(tag => tag.Value));
        Assert.Equal(names, (await _engine.Metadata.ListTagsAsync(A, null, 2000))!.Items);

        await DeleteAsync(A, Image);
        await _engine.Collector.ExpireTrashAsync();
        Assert.Empty((await _engine.Trash.ListAllAsync(null, 10)).Entries);
    }

    [Fact]
    public async Task A_put_from_another_entry_is_refused()
    {
        await PushAsync(A, Image, "v1");
        await DeleteAsync(A, Image);
        var entry = (await _engine.Trash.FindAsync(A, Of(Image)))!;
        await StoreAsync(A, Image);
        await DeleteAsync(A, Image);
        var put = Samples.Put(A, Image) with { FromTrash = entry.Id };
        Assert.Same(RegistryErrorCode.ManifestUnknown, (await _engine.Metadata.CheckManifestAsync(put)).Error?.Code);
        Assert.Same(RegistryErrorCode.ManifestUnknown, (await _engine.Metadata.PutManifestAsync(put)).Error?.Code);
        Assert.NotNull(await _engine.Trash.FindAsync(A, Of(Image)));
    }
}
