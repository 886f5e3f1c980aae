using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Metadata;

public abstract partial class MetadataStoreContract
{
    private static readonly Digest Blob = Samples.Digest("blob");

    [Fact]
    public async Task A_blob_is_seen_only_where_it_is_linked()
    {
        await LinkAsync(A, "blob");
        Assert.Equal(4, await Metadata.FindSizeAsync(A, Blob));
        Assert.Null(await Metadata.FindBlobAsync(B, Blob));
        Assert.Null(await Metadata.FindBlobAsync(A, DigestAlgorithm.Sha512.Compute("blob"u8)));
        Assert.Equal([A], await Metadata.FindRepositoriesWithBlobAsync(Blob, 10));
    }

    [Fact]
    public async Task Linking_again_corrects_the_size_and_changes_nothing_else()
    {
        await LinkAsync(A, "blob");
        await Metadata.LinkBlobAsync(A, Blob, 5);
        Assert.Equal(5, await Metadata.FindSizeAsync(A, Blob));
        Assert.Equal([A], await Metadata.FindRepositoriesWithBlobAsync(Blob, 10));
    }

    [Fact]
    public async Task An_empty_blob_is_a_blob()
    {
        await LinkAsync(A, "");
        Assert.Equal(0, await Metadata.FindSizeAsync(A, Samples.Digest("")));
    }

    [Fact]
    public async Task A_mount_lets_another_repository_see_the_blob()
    {
        await LinkAsync(A, "blob");
        Assert.True((await Metadata.MountBlobAsync(A, B, Blob)).Value);
        Assert.Equal(4, await Metadata.FindSizeAsync(B, Blob));
        Assert.Null((await Metadata.UnlinkBlobAsync(A, Blob)).Error);
        Assert.Null(await Metadata.FindBlobAsync(A, Blob));
        Assert.Equal(4, await Metadata.FindSizeAsync(B, Blob));
        Assert.True((await Metadata.MountBlobAsync(B, B, Blob)).Value);
    }

    [Fact]
    public async Task A_mount_from_where_it_cannot_be_seen_changes_nothing()
    {
        await LinkAsync(A, "blob");
        Assert.False((await Metadata.MountBlobAsync(Samples.Repository("nowhere"), B, Blob)).Value);
        Assert.False((await Metadata.MountBlobAsync(B, A, Blob)).Value);
        Assert.False((await Metadata.MountBlobAsync(A, B, Samples.Digest("other"))).Value);
        Assert.Null(await TagsAsync(B));
        Assert.Null(await Metadata.FindBlobAsync(B, Blob));
    }

    [Fact]
    public async Task A_digest_that_a_manifest_only_mentions_cannot_be_seen_or_mounted()
    {
        var image = Samples.Image("config", [Samples.Layer("blob")]);
        await Metadata.PutManifestAsync(Samples.Put(A, image).Requiring(ManifestReferences.Sparse));
        Assert.Null(await Metadata.FindBlobAsync(A, Blob));
        Assert.False((await Metadata.MountBlobAsync(A, B, Blob)).Value);
        Assert.Empty(await Metadata.FindRepositoriesWithBlobAsync(Blob, 10));
        AssertRefused(RegistryErrorCode.BlobUnknown, (await Metadata.UnlinkBlobAsync(A, Blob)).Error);
    }

    [Fact]
    public async Task A_manifest_is_not_a_blob_of_its_repository()
    {
        var image = await PushImageAsync(A, "app");
        Assert.Null(await Metadata.FindBlobAsync(A, Samples.Digest(image)));
        AssertRefused(RegistryErrorCode.BlobUnknown, (await Metadata.UnlinkBlobAsync(A, Samples.Digest(image))).Error);
    }

    [Fact]
    public async Task Content_may_be_a_blob_and_a_manifest_and_lose_one_role_at_a_time()
    {
        var image = await PushImageAsync(A, "app");
        var digest = Samples.Digest(image);
        await Metadata.LinkBlobAsync(A, digest, image.Length);
        Assert.Null((await Metadata.UnlinkBlobAsync(A, digest)).Error);
        Assert.NotNull(await FindAsync(A, image));
        await Metadata.LinkBlobAsync(A, digest, image.Length);
        Assert.Null(await DeleteAsync(A, digest));
        Assert.Equal(image.Length, await Metadata.FindSizeAsync(A, digest));
        Assert.Empty(await engine.Collector.ListOrphansAsync(10));
    }

    [Fact]
    public async Task Repositories_with_a_blob_are_limited()
    {
        for (var i = 0; i < 5; i++)
        {
            await LinkAsync(Samples.Repository($"r{i}"), "blob");
        }

        Assert.Equal(3, (await Metadata.FindRepositoriesWithBlobAsync(Blob, 3)).Distinct().Count());
        Assert.Equal(5, (await Metadata.FindRepositoriesWithBlobAsync(Blob, 10)).Distinct().Count());
    }

    [Fact]
    public async Task A_blob_that_manifests_of_the_repository_need_stays_and_they_are_named()
    {
        var first = await PushImageAsync(A, "app");
        var second = Samples.Image("app config", [Samples.Layer("app layer")], note: "second");
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, second))).Error);
        await LinkAsync(B, "app layer");

        var layer = Samples.Digest("app layer");
        var error = (await Metadata.UnlinkBlobAsync(A, layer)).Error;
        AssertRefused(RegistryErrorCode.BlobInUse, error);
        Assert.Contains(Samples.Digest(first).Value, error!.Details[0], StringComparison.Ordinal);
        Assert.Contains(Samples.Digest(second).Value, error.Details[0], StringComparison.Ordinal);
        Assert.Equal(9, await Metadata.FindSizeAsync(A, layer));

        Assert.Null((await Metadata.UnlinkBlobAsync(B, layer)).Error);
        Assert.Null(await DeleteAsync(A, Samples.Digest(first)));
        AssertRefused(RegistryErrorCode.BlobInUse, (await Metadata.UnlinkBlobAsync(A, layer)).Error);
        Assert.Null(await DeleteAsync(A, Samples.Digest(second)));
        Assert.Null((await Metadata.UnlinkBlobAsync(A, layer)).Error);
        AssertRefused(RegistryErrorCode.BlobUnknown, (await Metadata.UnlinkBlobAsync(A, layer)).Error);
    }

    [Fact]
    public async Task A_foreign_layer_that_was_pushed_is_needed_like_any_other()
    {
        await LinkAsync(A, "config");
        await LinkAsync(A, "blob");
        var image = Samples.Image("config", [Samples.Layer("blob", Samples.ForeignType)]);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, image))).Error);
        AssertRefused(RegistryErrorCode.BlobInUse, (await Metadata.UnlinkBlobAsync(A, Blob)).Error);
    }
}
