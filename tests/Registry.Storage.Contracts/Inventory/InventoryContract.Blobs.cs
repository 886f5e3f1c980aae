using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Inventory;

/// <summary>One blob.</summary>
public abstract partial class InventoryContract
{
    [Fact]
    public async Task A_blob_is_found_in_its_repository_only_and_a_manifest_is_none()
    {
        var image = await PushAsync(Samples.Repository("b"), "layer", "v1");
        await PushAsync(A, "other", "v1");
        foreach (var (repository, digest) in new[] { (A, Samples.Digest("layer")), (Samples.Repository("b"), Samples.Digest(image)), (Samples.Repository("none"), Samples.Digest("layer")) })
        {
            Assert.Equal(RegistryErrorCode.BlobUnknown, (await _inventory.FindBlobAsync(repository, digest, default)).Error!.Code);
        }
    }

    [Fact]
    public async Task A_blob_is_kept_by_manifests_then_by_the_trash_and_expires_after_it()
    {
        var first = await PushAsync(A, "layer", "v1");
        await PushAsync(Samples.Repository("b"), "layer", "v1");
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(1));
        await _engine.Metadata.LinkBlobAsync(A, Samples.Digest("{}"), 2);
        var second = Samples.Image("{}", [Samples.Layer("layer")]);
        await StoreAsync(A, second);

        var blob = await FindBlobAsync("layer");
        Assert.Equal((Samples.Digest("layer"), 5), (blob.Digest, blob.Size));
        Assert.Equal([Samples.Digest(second), Samples.Digest(first)], blob.Manifests.Select(manifest => manifest.Digest));
        Assert.Equal(["v1"], blob.Manifests[1].Tags.Select(tag => tag.Value));
        Assert.Equal((null, false, false), (blob.ExpiresAfterSeconds, blob.IsPinned, blob.HasMoreManifests));
        Assert.Empty(blob.DeletedManifests);

        await DeleteAsync(A, first);
        await DeleteAsync(A, second);
        blob = await FindBlobAsync("layer");
        Assert.Empty(blob.Manifests);
        Assert.Equal(new HashSet<Digest> { Samples.Digest(first), Samples.Digest(second) }, [.. blob.DeletedManifests]);
        Assert.Null(blob.ExpiresAfterSeconds);

        await EmptyTrashAsync(first);
        await EmptyTrashAsync(second);
        await _engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        blob = await FindBlobAsync("layer");
        Assert.Empty(blob.DeletedManifests);
        Assert.Equal(90, blob.ExpiresAfterSeconds);
    }

    [Fact]
    public async Task A_blob_that_very_many_manifests_need_has_some_of_them()
    {
        for (var i = 0; i <= InventoryOperations.MostNamed; i++)
        {
            await PushAsync(A, $"layer {i}");
        }

        var blob = await FindBlobAsync("config");
        Assert.Equal((InventoryOperations.MostNamed, true), (blob.Manifests.Count, blob.HasMoreManifests));
    }

    [Fact]
    public async Task Blobs_are_found_by_the_beginning_of_their_digest_where_the_viewer_may_pull()
    {
        var image = await PushAsync(A, "layer", "v1");
        await PushAsync(Samples.Repository("b"), "layer");
        var start = Samples.Digest("layer").Value[..("sha256:".Length + InventoryOperations.ShortestDigest)];
        Viewer[] all = [Everyone, new([RepositoryRange.All], _ => true)];
        foreach (var viewer in all)
        {
            Assert.Equal(["a", "b"], await FindAsync(start, viewer));
            Assert.Equal(["a", "b"], await FindAsync(Samples.Digest("layer").Value, viewer));
            foreach (var none in new[] { start[..^1], "", "sha256:", $"sha256:{new string('G', 20)}", $"{start}%", start.Replace("sha256", "sha512", StringComparison.Ordinal), Samples.Digest(image).Value })
            {
                Assert.Empty(await FindAsync(none, viewer));
            }
        }

        Assert.Equal(["b"], await FindAsync(start, new Viewer([RepositoryRange.StartingWith("b")], _ => true)));
        Assert.Equal(["a"], await FindAsync(start, new Viewer([RepositoryRange.All], name => name.Value == "a")));
        Assert.Empty(await FindAsync(start, new Viewer([], _ => true)));

        async Task<List<string>> FindAsync(string text, Viewer viewer)
        {
            var found = (await _inventory.FindBlobsAsync(text, viewer)).Value;
            Assert.True(found.IsWhole);
            Assert.All(found.Items, row => Assert.Equal(Samples.Digest("layer"), row.Digest));
            return [.. found.Items.Select(row => row.Repository)];
        }
    }

    [Fact]
    public async Task A_blob_that_more_repositories_have_than_a_page_shows_has_more()
    {
        foreach (var name in new[] { "c", "b", "a" })
        {
            await PushAsync(Samples.Repository(name), "layer");
        }

        foreach (var viewer in new[] { Everyone, new([RepositoryRange.All], _ => true) })
        {
            var found = (await _inventory.FindBlobsAsync(Samples.Digest("layer").Value, viewer)).Value;
            Assert.Equal(["a", "b"], found.Items.Select(row => row.Repository));
            Assert.True(found.HasMore);
        }
    }

    private async Task<BlobDetail> FindBlobAsync(string blob) => (await _inventory.FindBlobAsync(A, Samples.Digest(blob), default)).Value;
}
