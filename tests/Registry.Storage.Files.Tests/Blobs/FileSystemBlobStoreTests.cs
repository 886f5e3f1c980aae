using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Contracts.Bytes;

namespace Registry.Storage.Files.Tests.Blobs;

public sealed class FileSystemBlobStoreTests() : BlobStoreContract(new FileSystemEngine())
{
    private static readonly Digest Blob = Samples.Digest("blob");

    [Fact]
    public async Task A_fence_keeps_other_callers_waiting_until_it_is_given_back()
    {
        await using var engine = new FileSystemEngine();
        using var cancel = new CancellationTokenSource();
        var fence = await engine.Blobs.FenceAsync(Blob, TestContext.Current.CancellationToken);
        var next = engine.Blobs.FenceAsync(Blob, TestContext.Current.CancellationToken).AsTask();
        var impatient = engine.Blobs.FenceAsync(Blob, cancel.Token).AsTask();
        Assert.False(next.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);

        await fence.DisposeAsync();
        await (await next).DisposeAsync();
    }

    [Fact]
    public async Task Content_that_is_stored_again_keeps_its_place()
    {
        await using var engine = new FileSystemEngine();
        var damaged = await engine.Blobs.PutAsync(Blob, Samples.Text("blot"));
        var whole = await engine.Blobs.PutAsync(Blob, Samples.Text("blob"));
        Assert.Equal(damaged, whole);
        Assert.Equal(Samples.Text("blob"), await engine.Blobs.ReadAsync(Blob));
        Assert.Equal([Blob], await engine.Blobs.ListStoredAsync());
    }

    [Fact]
    public async Task Places_are_listed_in_the_order_of_their_digests_and_folders_of_others_are_left_out()
    {
        await using var engine = new FileSystemEngine();
        var digests = Enumerable.Range(0, 40).Select(i => (i % 2 == 0 ? DigestAlgorithm.Sha512 : DigestAlgorithm.Sha256).Compute([(byte)i])).ToList();
        digests.ForEach(digest => Directory.CreateDirectory(engine.Paths.BlobDirectory(digest)));
        Directory.CreateDirectory(Path.Combine(engine.Paths.BlobAlgorithm(DigestAlgorithm.Sha256), "zz", Blob.Hex.ToString()));
        Directory.CreateDirectory(Path.Combine(engine.Paths.BlobShard(digests[0]), "lost+found"));
        Assert.Equal(digests.Order(), await engine.Blobs.ListAsync().Select(place => place.Digest!.Value).ToListAsync());
    }
}
