using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Collection;

/// <summary>
/// Ways in which other registries have lost what they had accepted, on whole storages. A child of an index that is deleted in one repository is
/// among the <see cref="GarbageCollectorTests"/>, first pushes to a new repository and races on an upload over HTTP are tests of the API.
/// </summary>
public class KnownFailureTests
{
    private const int Grace = 60;
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly Digest Shared = Samples.Digest("old layer");

    [Fact]
    public async Task A_layer_of_an_old_image_that_a_push_found_is_there_when_its_manifest_comes()
    {
        await using var storage = await TestStorage.CreateAsync();
        var old = await storage.PushImageAsync(A, "old", "latest");
        await storage.DeleteAsync(A, Samples.Digest(old));

        // The last moment at which it is there; the client will not upload what it has been told is there.
        await storage.CollectAfterAsync(Grace);
        Assert.True(await storage.SeesBlobAsync(A, Shared));
        await storage.PushBlobAsync(A, "new config");
        await storage.CollectAfterAsync(1);
        await storage.CollectAfterAsync(Grace - 1);

        var image = Samples.Image("new config", [Samples.Layer("old layer")]);
        await storage.PutAsync(A, image, "latest");
        await storage.CollectAfterAsync(10 * Grace);
        Assert.Equal(Samples.Text("old layer"), await storage.Storage.Blobs.ReadAsync(Shared));
        Assert.False(await storage.SeesBlobAsync(A, Samples.Digest("old config")));
    }

    [Fact]
    public async Task A_layer_that_a_push_has_mounted_is_there_when_its_manifest_comes_though_the_source_is_deleted()
    {
        await using var storage = await TestStorage.CreateAsync();
        var old = await storage.PushImageAsync(A, "old", "latest");
        Assert.True((await storage.Uploads.MountAsync(B, A, Shared, _ => true)).Value);
        await storage.DeleteAsync(A, Samples.Digest(old));
        await storage.PushBlobAsync(B, "new config");
        await storage.CollectAfterAsync(Grace);

        await storage.PutAsync(B, Samples.Image("new config", [Samples.Layer("old layer")]), "latest");
        await storage.CollectAfterAsync(10 * Grace);
        Assert.False(await storage.SeesBlobAsync(A, Shared));
        Assert.True(await storage.SeesBlobAsync(B, Shared));
        Assert.Equal(Samples.Text("old layer"), await storage.Storage.Blobs.ReadAsync(Shared));
    }

    [Fact]
    public async Task A_manifest_that_is_deleted_in_one_repository_and_pushed_to_another_meanwhile_keeps_its_bytes()
    {
        await using var storage = await TestStorage.CreateAsync();
        for (var round = 0; round < 50; round++)
        {
            var image = await storage.PushImageAsync(A, $"{round}");
            await storage.PushBlobAsync(B, $"{round} config");
            await storage.PushBlobAsync(B, $"{round} layer");
            await Task.WhenAll(
                Task.Run(() => storage.DeleteAsync(A, Samples.Digest(image))),
                Task.Run(() => storage.Collector.RunAsync(default)),
                Task.Run(() => storage.PutAsync(B, image, "latest")));
            await storage.Collector.RunAsync(default);
            Assert.Equal(image, await storage.Storage.Blobs.ReadAsync(Samples.Digest(image)));
            Assert.Equal(image, await storage.GetAsync(B, Tag.Parse("latest")));
        }
    }
}
