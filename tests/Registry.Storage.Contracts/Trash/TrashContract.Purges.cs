using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Trash;

namespace Registry.Storage.Contracts.Trash;

public abstract partial class TrashContract
{
    [Fact]
    public async Task A_purge_removes_at_once_what_only_the_entry_held()
    {
        await PushAsync(A, Image, "v1");
        await PushAsync(A, OtherImage);
        await DeleteAsync(A, Image);
        var before = (await _engine.ReadChangesAsync())[^1].Sequence;

        var purged = await PurgeAsync(A, Image);

        Assert.Equal([(Of(Image), 0), (Samples.Digest("layer"), 0)], purged.Content.Select(one => (one.Digest, one.HeldBy.Count)));
        Assert.Null(await _engine.Trash.FindAsync(A, Of(Image)));
        Assert.Null(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("layer")));
        Assert.NotNull(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("config")));
        var change = Assert.Single(await _engine.ReadChangesAsync(before));
        Assert.Equal((ChangeKind.BlobUnlinked, Samples.Digest("layer"), "purged"), (change.Kind, change.Digest, change.Reason));

        // No grace period.
        Assert.Equal(2, await CollectAsync(TimeSpan.FromDays(1)));
        Assert.Same(RegistryErrorCode.ManifestUnknown, (await RestoreAsync(A, Image)).Error?.Code);
        Assert.Same(RegistryErrorCode.ManifestUnknown, (await _operations.Trash.PurgeAsync(A, Of(Image), null, ContractOrigin.Request)).Error?.Code);
    }

    [Fact]
    public async Task A_purge_overrides_a_promise()
    {
        await PushAsync(A, Image);
        await DeleteAsync(A, Image);
        Assert.NotNull(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("layer")));
        Assert.True(await _engine.Metadata.RenewBlobAsync(A, Samples.Digest("layer")));
        await PurgeAsync(A, Image);
        Assert.Null(await _engine.Metadata.FindBlobAsync(A, Samples.Digest("layer")));
        Assert.False(await _engine.Metadata.RenewBlobAsync(A, Samples.Digest("layer")));
    }

    [Fact]
    public async Task A_purge_names_the_other_repositories()
    {
        var c = Samples.Repository("c");
        await PushAsync(A, Image);
        await PushAsync(B, Image);
        await LinkAsync(c, "layer");
        await DeleteAsync(A, Image);
        await DeleteAsync(B, Image);

        var purged = (await PurgeAsync(A, Image)).Content.ToDictionary(one => one.Digest, one => one.HeldBy.OrderBy(name => name.Value).ToList());

        Assert.Equal(3, purged.Count);
        Assert.Equal([B], purged[Of(Image)]);
        Assert.Equal([B], purged[Samples.Digest("config")]);
        Assert.Equal([B, c], purged[Samples.Digest("layer")]);
        Assert.Null((await RestoreAsync(B, Image)).Error);
    }

    [Fact]
    public async Task A_purge_of_an_index_removes_children_that_nothing_else_holds()
    {
        var index = Samples.Index([Samples.Child(Image), Samples.Child(OtherImage)]);
        await PushAsync(A, Image);
        await PushAsync(A, OtherImage, "other");
        await StoreAsync(A, index);
        await PushAsync(A, Signature);
        await DeleteAsync(A, index);

        var purged = await PurgeAsync(A, index);

        Assert.Equal(
            new[] { Of(index), Of(Image), Samples.Digest("layer"), Of(Signature), Samples.Digest("signature") }.OrderBy(digest => digest.Value),
            purged.Content.Select(one => one.Digest).OrderBy(digest => digest.Value));
        Assert.Null(await _engine.Metadata.FindManifestAsync(A, Of(Image)));
        Assert.Equal(5, await CollectAsync(TimeSpan.FromDays(1)));
        Assert.Equal([Of(OtherImage)], (await _engine.Listing.ReadAsync(A)).Manifests);
        Assert.Equal(0, await CollectAsync(IdleTimes.Any));
    }

    [Fact]
    public async Task A_purge_removes_very_many_referrers()
    {
        await PushAsync(A, Image);
        for (var i = 0; i < 230; i++)
        {
            await StoreAsync(A, Samples.Image("config", [], Samples.Child(Image), note: $"{i}"));
        }

        await DeleteAsync(A, Image);
        Assert.Equal(1 + 230 + 2, (await PurgeAsync(A, Image)).Content.Count);
        Assert.Empty((await _engine.Listing.ReadAsync(A)).Blobs);
        Assert.Empty((await _engine.Listing.ReadAsync(A)).Manifests);
    }

    [Fact]
    public async Task A_purge_goes_on_in_its_repository_while_that_is_renamed_and_its_name_is_used_again()
    {
        var c = Samples.Repository("c");
        byte[][] images = [.. Enumerable.Range(0, 300).Select(i => Samples.Image("config", [Samples.Layer($"layer {i}")]))];
        byte[][] parts = [.. images.Chunk(60).Select(part => Samples.Index([.. part.Select(image => Samples.Child(image))]))];
        var index = Samples.Index([.. parts.Select(part => Samples.Child(part, MediaTypes.OciIndex))]);
        foreach (var image in images)
        {
            await PushAsync(A, image);
        }

        foreach (var part in parts.Append(index))
        {
            await StoreAsync(A, part);
        }

        await DeleteAsync(A, index);

        var purging = Task.Run(() => PurgeAsync(A, index));
        while (await _engine.Trash.FindAsync(A, Of(index)) is not null)
        {
            await Task.Yield();
        }

        Assert.Null(await _operations.Repositories.RenameAsync(A, c, _ => true, ContractOrigin.Request));
        await PushAsync(A, images[^1], "v1");
        var purged = await purging;

        Assert.Equal(1 + parts.Length + (2 * images.Length) + 1, purged.Content.Count);
        Assert.Empty((await _engine.Listing.ReadAsync(c)).Manifests);
        Assert.Empty((await _engine.Listing.ReadAsync(c)).Blobs);
        Assert.Equal([Of(images[^1])], (await _engine.Listing.ReadAsync(A)).Manifests);
    }

    [Fact]
    public async Task What_another_entry_holds_stays()
    {
        await PushAsync(A, Image);
        await PushAsync(A, OtherImage);
        await DeleteAsync(A, Image);
        await DeleteAsync(A, OtherImage);
        Assert.Equal([Of(Image), Samples.Digest("layer")], (await PurgeAsync(A, Image)).Content.Select(one => one.Digest));
        Assert.True((await _engine.Trash.FindAsync(A, Of(OtherImage)))!.IsComplete);
        Assert.Null((await RestoreAsync(A, OtherImage)).Error);
    }

    [Fact]
    public async Task A_purge_of_a_manifest_that_is_not_deleted_says_so()
    {
        await PushAsync(A, Image, "v1");
        var refused = (await _operations.Trash.PurgeAsync(A, Of(Image), null, ContractOrigin.Request)).Error!;
        Assert.Equal((RegistryErrorCode.ManifestUnknown, $"a has {Of(Image)}; it is not in the trash"), (refused.Code, Assert.Single(refused.Details)));
        Assert.NotNull(await _engine.Metadata.FindManifestAsync(A, Of(Image)));
    }

    private async Task<Purge> PurgeAsync(RepositoryName repository, byte[] manifest) =>
        (await _operations.Trash.PurgeAsync(repository, Of(manifest), null, ContractOrigin.Request)).Value;
}
