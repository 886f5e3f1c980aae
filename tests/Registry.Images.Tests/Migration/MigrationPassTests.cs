using Registry.Core.Changes;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Images.Migration;
using Registry.Storage.Contracts;

namespace Registry.Images.Tests.Migration;

/// <summary>Passes of a move from a registry that clients change meanwhile.</summary>
public sealed class MigrationPassTests
{
    private static readonly RepositoryName A = Samples.Repository("a");

    [Fact]
    public async Task A_manifest_that_is_deleted_while_it_is_read_is_no_fault()
    {
        await using var source = await TestStorage.CreateAsync();
        await using var target = await TestStorage.CreateAsync();
        var image = await source.PushImageAsync(A, "image", "1.0");
        var metadata = new GatedMetadataStore(source.Storage.Metadata);
        var content = new RegistryContent(source.Storage.Listing, metadata, source.Storage.Mirror, source.Storage.Blobs);
        Assert.Equal(1, await PassAsync());

        // The first question of the next pass is about the manifest with the new tag.
        await source.PutAsync(A, image, "2.0");
        metadata.AfterQuestion = () =>
        {
            metadata.AfterQuestion = () => Task.CompletedTask;
            return source.DeleteAsync(A, Samples.Digest(image));
        };
        Assert.Equal(0, await PassAsync());
        Assert.Equal(0, await PassAsync());
        Assert.Empty((await target.Storage.Listing.ReadAsync(A)).Manifests);

        async Task<long> PassAsync()
        {
            var writer = new ImageWriter(target.Core.Metadata, target.Core.Uploads, target.Core.Manifests, ChangeOrigin.Command("migrate", "test"));
            var (done, _, faults) = await MigrationPass.RunAsync(content, RegistryContent.Of(target.Storage), writer, progress: null, TestContext.Current.CancellationToken);
            Assert.Empty(faults);
            return done.Manifests;
        }
    }

    [Fact]
    public async Task A_repository_that_is_renamed_meanwhile_has_its_new_name_after_the_next_pass()
    {
        await using var source = await TestStorage.CreateAsync();
        await using var target = await TestStorage.CreateAsync();
        var b = Samples.Repository("b");
        var image = await source.PushImageAsync(A, "image", "1.0");
        var metadata = new GatedMetadataStore(source.Storage.Metadata);
        var renames = 0;
        metadata.AfterQuestion = async () =>
        {
            // Images are copied beside each other.
            if (Interlocked.Increment(ref renames) == 1)
            {
                Assert.Null(await source.Core.Repositories.RenameAsync(A, b, _ => true, ContractOrigin.Request));
            }
        };

        // In the middle of the first pass.
        await PassAsync();
        await PassAsync();

        Assert.True((await target.Storage.Listing.ReadAsync(A)).IsEmpty);
        Assert.Equal(image, await target.GetAsync(b, Tag.Parse("1.0")));
        Assert.Equal(1, (await target.Storage.ReadTotalsAsync()).Manifests);

        // Between two passes.
        Assert.Null(await source.Core.Repositories.RenameAsync(b, A, _ => true, ContractOrigin.Request));
        await PassAsync();
        Assert.Equal(image, await target.GetAsync(A, Tag.Parse("1.0")));
        Assert.True((await target.Storage.Listing.ReadAsync(b)).IsEmpty);

        async Task PassAsync()
        {
            var content = new RegistryContent(source.Storage.Listing, metadata, source.Storage.Mirror, source.Storage.Blobs);
            var writer = new ImageWriter(target.Core.Metadata, target.Core.Uploads, target.Core.Manifests, ChangeOrigin.Command("migrate", "test"));
            var (_, _, faults) = await MigrationPass.RunAsync(content, RegistryContent.Of(target.Storage), writer, progress: null, TestContext.Current.CancellationToken);
            Assert.Empty(faults);
        }
    }

    [Fact]
    public async Task A_mirrored_repository_stays_mirrored()
    {
        await using var source = await TestStorage.CreateAsync();
        await using var target = await TestStorage.CreateAsync();
        var origin = ChangeOrigin.Mirror("docker.io");
        var mirror = new ImageWriter(source.Core.Metadata, source.Core.Uploads, source.Core.Manifests, origin);
        var local = await source.PushImageAsync(Samples.Repository("local"), "image", "1.0");
        Assert.Null((await source.Core.Manifests.StoreAsync(
            Samples.Put(A, local, "1.0").Requiring(ManifestReferences.Sparse) with { Origin = origin }, local, TestContext.Current.CancellationToken)).Error);
        await mirror.MountAsync(A, Samples.Repository("local"), Samples.Digest("image layer"));

        var writer = new ImageWriter(target.Core.Metadata, target.Core.Uploads, target.Core.Manifests, ChangeOrigin.Command("migrate", "test"));
        var (_, _, faults) = await MigrationPass.RunAsync(
            RegistryContent.Of(source.Storage), RegistryContent.Of(target.Storage), writer, progress: null, TestContext.Current.CancellationToken);

        Assert.Empty(faults);
        Assert.Equal("docker.io", await target.Storage.Mirror.FindUpstreamAsync(A));
        Assert.Null(await target.Storage.Mirror.FindUpstreamAsync(Samples.Repository("local")));
        Assert.Equal(local, await target.GetAsync(A, Tag.Parse("1.0")));
        Assert.True(await target.SeesBlobAsync(A, Samples.Digest("image layer")));
    }
}
