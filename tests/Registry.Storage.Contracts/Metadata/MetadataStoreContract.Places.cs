using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Storage.Contracts.Metadata;

public abstract partial class MetadataStoreContract
{
    private static readonly Digest Placed = Samples.Digest("placed");
    private static readonly BlobPlace First = new(Placed, "blobs/ab/first");
    private static readonly BlobPlace Second = new(Placed, "blobs/ab/second");

    [Fact]
    public async Task A_blob_is_found_where_its_push_has_placed_it()
    {
        Assert.Null(await Metadata.LinkBlobAsync(A, First, 6, ContractOrigin.Request));
        Assert.Null(await Metadata.LinkBlobAsync(A, Samples.Digest("named"), 5));
        Assert.True((await Metadata.MountBlobAsync(A, B, Placed)).Value);

        await engine.ReopenAsync();

        Assert.Equal(First, (await Metadata.FindBlobAsync(A, Placed))?.Place);
        Assert.Equal(First, (await Metadata.FindBlobAsync(B, Placed))?.Place);
        Assert.Equal(Samples.Digest("named"), (await Metadata.FindBlobAsync(A, Samples.Digest("named")))?.Place);
    }

    [Fact]
    public async Task Pushing_a_blob_again_moves_it_to_the_new_place_in_all_repositories()
    {
        await Metadata.LinkBlobAsync(A, First, 6, ContractOrigin.Request);
        await Metadata.MountBlobAsync(A, B, Placed);
        Assert.Equal(First, (await Metadata.FindBlobAsync(A, Placed))?.Place);

        await Metadata.LinkBlobAsync(B, Second, 6, ContractOrigin.Request);

        Assert.Equal(Second, (await Metadata.FindBlobAsync(A, Placed))?.Place);
        Assert.Equal(Second, (await Metadata.FindBlobAsync(B, Placed))?.Place);
    }

    [Fact]
    public async Task Bytes_that_come_with_a_blob_leave_its_place_as_it_is()
    {
        await Metadata.LinkBlobAsync(A, First, 6, ContractOrigin.Request);
        await Metadata.LinkBlobAsync(B, Placed, 6, staged: Samples.Text("placed"));
        Assert.Equal(First, (await Metadata.FindBlobAsync(A, Placed))?.Place);
    }

    [Fact]
    public async Task A_manifest_is_found_where_its_push_has_placed_it()
    {
        await LinkAsync(A, "config");
        var image = Samples.Image("config", []);
        var (first, second) = (new BlobPlace(Samples.Digest(image), "manifests/first"), new BlobPlace(Samples.Digest(image), "manifests/second"));
        var put = Samples.Put(A, image, "v1");
        Assert.Null((await Metadata.CheckManifestAsync(put)).Value);

        Assert.Null((await Metadata.PutManifestAsync(put with { Place = first })).Error);
        Assert.Equal(first, (await FindAsync(A, "v1"))?.Place);
        Assert.Equal(first, (await FindAsync(A, image))?.Place);
        Assert.Equal(new StoredBlob(image.Length, first), (await Metadata.CheckManifestAsync(put)).Value);

        // Stored already, so nothing has a new place.
        Assert.Null((await Metadata.PutManifestAsync(put)).Error);
        Assert.Equal(first, (await FindAsync(A, "v1"))?.Place);

        // Pushed to another repository, for example because the bytes were damaged.
        await LinkAsync(B, "config");
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(B, image) with { Place = second })).Error);
        Assert.Equal(second, (await FindAsync(A, "v1"))?.Place);
    }

    [Fact]
    public async Task The_place_of_a_condemned_blob_is_the_one_to_remove()
    {
        await Metadata.LinkBlobAsync(A, First, 6, ContractOrigin.Request);
        await Metadata.UnlinkBlobAsync(A, Placed);
        Assert.Equal(First, await engine.Collector.CondemnAsync(Placed));

        // Pushed again before it is forgotten: the store has other bytes in another place.
        await Metadata.LinkBlobAsync(A, Second, 6, ContractOrigin.Request);
        await engine.Collector.ForgetAsync(Placed);
        Assert.Equal(Second, (await Metadata.FindBlobAsync(A, Placed))?.Place);

        await Metadata.UnlinkBlobAsync(A, Placed);
        Assert.Equal(Second, await engine.Collector.CondemnAsync(Placed));
        await engine.Collector.ForgetAsync(Placed);
        await Metadata.LinkBlobAsync(A, Placed, 6);
        Assert.Equal(new BlobPlace(Placed), (await Metadata.FindBlobAsync(A, Placed))?.Place);
    }

    [Fact]
    public async Task The_verifier_marks_only_the_place_that_it_has_read()
    {
        await Metadata.LinkBlobAsync(A, First, 6, ContractOrigin.Request);
        Assert.Equal(First, Assert.Single(await engine.Verifier.ListStoredAsync(0, 10)).Place);
        await Metadata.LinkBlobAsync(A, Second, 6, ContractOrigin.Request);

        await engine.Verifier.MarkLostAsync(First);
        Assert.Equal(Second, (await Metadata.FindBlobAsync(A, Placed))?.Place);

        await engine.Verifier.MarkLostAsync(Second);
        Assert.Null(await Metadata.FindBlobAsync(A, Placed));
        await engine.Verifier.MarkFoundAsync(First);
        Assert.Null(await Metadata.FindBlobAsync(A, Placed));
        await engine.Verifier.MarkFoundAsync(Second);
        Assert.Equal(Second, (await Metadata.FindBlobAsync(A, Placed))?.Place);
    }
}
