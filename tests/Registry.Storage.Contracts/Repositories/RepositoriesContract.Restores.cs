using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Repositories;

namespace Registry.Storage.Contracts.Repositories;

/// <summary>Restores of whole repositories.</summary>
public abstract partial class RepositoriesContract
{
    [Fact]
    public async Task A_deleted_repository_comes_back_as_it_was_part_by_part()
    {
        await PushAsync(A, Image, "v1", "v2");
        await PushAsync(A, OtherImage);
        await StoreAsync(A, Index, "all");
        await PushAsync(A, Signature);
        var before = await _engine.Listing.ReadAsync(A);
        await DeleteAsync(A, "first");

        foreach (var limit in new[] { 1, 3, 100 })
        {
            var done = await RestoreAllAsync(A, limit);
            Assert.Equal((4, 3, 0, 0), (done.Manifests, done.Tags, done.Kept.Count, done.Earlier));
            Assert.Empty(done.Refused);
            AssertSame(before, await _engine.Listing.ReadAsync(A));
            Assert.Equal(["all", "v1", "v2"], (await _engine.Metadata.ListTagsAsync(A, null, 10))!.Items);
            Assert.Empty((await _engine.Trash.ListAsync(A, null, 10)).Entries);

            // Repeated, it has nothing to do.
            Assert.Equal((0, 0), ((await RestoreAllAsync(A, limit)).Manifests, (await RestoreAllAsync(A, limit)).Tags));
            await DeleteAsync(A, $"again {limit}");
        }
    }

    [Fact]
    public async Task Children_are_restored_before_the_index_in_whatever_order_they_were_deleted()
    {
        // The content of the indexes is older than that of their children.
        var outer = Samples.Index([Samples.Child(Index, MediaTypes.OciIndex)]);
        foreach (var index in new[] { outer, Index })
        {
            Assert.Null((await _engine.Metadata.PutManifestAsync(Samples.Put(B, index).Requiring(ManifestReferences.Sparse))).Error);
        }

        await PushAsync(A, Image);
        await PushAsync(A, OtherImage);
        await StoreAsync(A, Index);
        await StoreAsync(A, outer, "all");
        await DeleteAsync(A, "first");

        var done = await RestoreAllAsync(A, limit: 1);

        Assert.Equal((4, 1), (done.Manifests, done.Tags));
        Assert.Empty(done.Refused);
        Assert.Equal(Of(outer), (await _engine.Metadata.FindManifestAsync(A, Tag.Parse("all")))?.Digest);
    }

    [Fact]
    public async Task What_was_deleted_alone_or_by_an_earlier_deletion_stays_in_the_trash()
    {
        await PushAsync(A, Image, "v1");
        await DeleteAsync(A, "first");
        await PushAsync(A, OtherImage, "secret");
        await PushAsync(A, Signature, "v1");
        Assert.Null((await _operations.Manifests.DeleteAsync(A, Of(OtherImage), Precondition.None, ContractOrigin.Request)).Error);
        await DeleteAsync(A, "second");

        var done = await RestoreAllAsync(A, limit: 1);
        Assert.Equal((1, 1, 1), (done.Manifests, done.Tags, done.Earlier));
        Assert.Equal(Of(Signature), (await _engine.Metadata.FindManifestAsync(A, V1))?.Digest);
        Assert.Equal([Of(OtherImage), Of(Image)], (await _engine.Trash.ListAsync(A, null, 10)).Entries.Select(entry => entry.Digest));

        // The one before, whose tag is another image's now.
        done = await RestoreAllAsync(A, limit: 1);
        Assert.Equal((1, 0, 0), (done.Manifests, done.Tags, done.Earlier));
        Assert.Equal([new RepositoryRestore.KeptTag(V1, Of(Signature), Of(Image))], done.Kept);
        Assert.Equal([Of(OtherImage)], (await _engine.Trash.ListAsync(A, null, 10)).Entries.Select(entry => entry.Digest));
        Assert.Equal(0, (await RestoreAllAsync(A, limit: 1)).Manifests);
    }

    [Fact]
    public async Task A_manifest_that_cannot_be_restored_is_named_and_the_others_come_back()
    {
        await PushAsync(A, Image, "v1");
        await PushAsync(A, OtherImage, "v2");
        await StoreAsync(A, Index, "all");
        await DeleteAsync(A, "first");
        Assert.Null((await _engine.Metadata.UnlinkBlobAsync(A, Samples.Digest("layer"), ContractOrigin.Request)).Error);

        var done = await RestoreAllAsync(A, limit: 100);

        Assert.Equal((1, 1), (done.Manifests, done.Tags));
        Assert.Equal([Of(Image), Of(Index)], done.Refused.Select(refused => refused.Digest));
        Assert.Equal([$"the blob {Samples.Digest("layer")} is gone; push it again"], done.Refused[0].Error.Details);
        Assert.Equal([$"the manifest {Of(Image)} is in the trash, too; restore it first"], done.Refused[1].Error.Details);
        await LinkAsync(A, "layer");
        Assert.Equal((2, 2), ((await RestoreAllAsync(A, limit: 100)) is var rest ? (rest.Manifests, rest.Tags) : default));
    }

    [Fact]
    public async Task A_manifest_with_very_many_tags_was_deleted_with_its_repository_too()
    {
        await LinkAsync(A, "config");
        var image = Samples.Image("config", []);
        foreach (var tags in Enumerable.Range(0, 1300).Select(i => $"many{i}").Chunk(100))
        {
            await StoreAsync(A, image, tags);
        }

        await DeleteAsync(A, "first");
        var done = await RestoreAllAsync(A, limit: 100);
        Assert.Equal((1, 1300), (done.Manifests, done.Tags));
    }

    [Fact]
    public async Task A_repository_of_which_nothing_is_known_is_an_error_and_so_is_another_deletion()
    {
        Assert.Same(RegistryErrorCode.NameUnknown, (await RestorePartAsync(B, null, null, 100)).Error?.Code);
        await PushAsync(A, Image);
        Assert.Equal(0, (await RestorePartAsync(A, null, null, 100)).Value.Manifests);
        Assert.Null((await _operations.Manifests.DeleteAsync(A, Of(Image), Precondition.None, ContractOrigin.Request)).Error);
        Assert.Same(RegistryErrorCode.BadRequest, (await RestorePartAsync(A, Of(Image), null, 100)).Error?.Code);
        Assert.Same(RegistryErrorCode.BadRequest, (await RestorePartAsync(A, Of(OtherImage), null, 100)).Error?.Code);
        await DeleteAsync(A, "first");

        // A trash that was deleted otherwise is no reason to fail.
        Assert.Equal(0, (await RestorePartAsync(A, null, null, 100)).Value.Manifests);
    }

    private Task<Result<RepositoryDeletion>> DeleteAsync(RepositoryName repository, string request) =>
        _operations.Repositories.DeleteAsync(repository, All, ContractOrigin.Request with { Request = request }, default);

    private Task<Result<RepositoryRestore>> RestorePartAsync(RepositoryName repository, Digest? deletion, long? before, int limit) =>
        _operations.RepositoryRestores.RestoreAsync(repository, deletion, before, limit, All, ContractOrigin.Request, default);

    private async Task<RepositoryRestore> RestoreAllAsync(RepositoryName repository, int limit)
    {
        var sum = new RepositoryRestore();
        RepositoryRestore part;
        do
        {
            part = (await RestorePartAsync(repository, sum.Deletion, sum.Next, limit)).Value;
            sum = part with
            {
                Manifests = sum.Manifests + part.Manifests,
                Tags = sum.Tags + part.Tags,
                Kept = [.. sum.Kept, .. part.Kept],
                Refused = [.. sum.Refused, .. part.Refused],
                Earlier = sum.Earlier + part.Earlier,
            };
        }
        while (sum.Next is not null);
        return sum;
    }
}
