using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Metadata;

public abstract partial class MetadataStoreContract
{
    private static readonly Precondition MustNotExist = new() { NoneMatch = [] };
    private static readonly Precondition MustExist = new() { Match = [] };

    [Fact]
    public async Task A_tag_that_must_not_exist_is_set_once()
    {
        var first = await PushImageAsync(A, "first");
        var second = await PushImageAsync(A, "second");
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, first, "v1") with { Precondition = MustNotExist })).Error);
        AssertRefused(
            RegistryErrorCode.PreconditionFailed,
            (await Metadata.PutManifestAsync(Samples.Put(A, second, "v1") with { Precondition = MustNotExist })).Error);
        AssertRefused(
            RegistryErrorCode.PreconditionFailed,
            (await Metadata.PutManifestAsync(Samples.Put(A, first, "v1") with { Precondition = MustNotExist })).Error);
        Assert.Equal(Samples.Digest(first), (await FindAsync(A, "v1"))?.Digest);
    }

    [Fact]
    public async Task A_tag_is_swapped_only_from_the_digest_that_the_client_has_seen()
    {
        var first = await PushImageAsync(A, "first", "v1");
        var second = await PushImageAsync(A, "second");
        var third = await PushImageAsync(A, "third");
        var fromFirst = new Precondition { Match = [Samples.Digest("other").Value, Samples.Digest(first).Value] };
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, second, "v1") with { Precondition = fromFirst })).Error);
        AssertRefused(
            RegistryErrorCode.PreconditionFailed, (await Metadata.PutManifestAsync(Samples.Put(A, third, "v1") with { Precondition = fromFirst })).Error);
        Assert.Equal(Samples.Digest(second), (await FindAsync(A, "v1"))?.Digest);
    }

    [Fact]
    public async Task A_failed_precondition_leaves_no_repository_and_no_manifest()
    {
        await LinkAsync(A, "config");
        var image = Samples.Image("config", []);
        AssertRefused(
            RegistryErrorCode.PreconditionFailed, (await Metadata.PutManifestAsync(Samples.Put(A, image, "v1") with { Precondition = MustExist })).Error);
        Assert.Null(await FindAsync(A, image));
        AssertRefused(
            RegistryErrorCode.PreconditionFailed,
            (await Metadata.PutManifestAsync(Samples.Put(B, image, "v1").Requiring(ManifestReferences.Sparse) with { Precondition = MustExist })).Error);
        Assert.Null(await TagsAsync(B));
        Assert.Empty(await RepositoriesAsync());
    }

    [Fact]
    public async Task A_precondition_of_a_push_by_digest_is_about_that_manifest()
    {
        var image = await PushImageAsync(A, "app", "v1");
        AssertRefused(
            RegistryErrorCode.PreconditionFailed, (await Metadata.PutManifestAsync(Samples.Put(A, image) with { Precondition = MustNotExist })).Error);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, image) with { Precondition = MustExist })).Error);
    }

    // RFC 9110, section 13.2.1: a condition matters only where the request would succeed without it.
    [Fact]
    public async Task A_push_that_misses_blobs_is_refused_for_them_whatever_its_precondition()
    {
        await PushImageAsync(A, "there", "there");
        var incomplete = Samples.Image("missing", []);
        foreach (var tag in new[] { "there", "none" })
        {
            foreach (var precondition in new[] { MustExist, MustNotExist })
            {
                AssertRefused(
                    RegistryErrorCode.ManifestBlobUnknown,
                    (await Metadata.PutManifestAsync(Samples.Put(A, incomplete, tag) with { Precondition = precondition })).Error);
            }
        }
    }

    [Fact]
    public async Task A_deletion_may_have_a_precondition_too()
    {
        var image = await PushImageAsync(A, "app", "v1");
        var other = new Precondition { Match = [Samples.Digest("other").Value] };
        AssertRefused(RegistryErrorCode.PreconditionFailed, await DeleteAsync(A, Tag.Parse("v1"), other));
        AssertRefused(RegistryErrorCode.PreconditionFailed, await DeleteAsync(A, Samples.Digest(image), other));
        Assert.NotNull(await FindAsync(A, "v1"));
        Assert.Null(await DeleteAsync(A, Tag.Parse("v1"), new Precondition { Match = [Samples.Digest(image).Value] }));
        Assert.Null(await DeleteAsync(A, Samples.Digest(image), MustExist));
        AssertRefused(RegistryErrorCode.ManifestUnknown, await DeleteAsync(A, Samples.Digest(image), MustExist));
    }

    [Fact]
    public async Task Of_many_who_swap_from_the_same_digest_one_wins()
    {
        await PushImageAsync(A, "zero", "v1");
        var images = new List<byte[]>();
        for (var i = 0; i < 24; i++)
        {
            images.Add(await PushImageAsync(A, $"image {i}"));
        }

        var current = (await FindAsync(A, "v1"))!.Digest.Value;
        for (var round = 0; round < 5; round++)
        {
            var expected = new Precondition { Match = [current] };
            var others = images.FindAll(image => Samples.Digest(image).Value != current);
            var errors = await Task.WhenAll(others.Select(image => Task.Run(
                async () => (await Metadata.PutManifestAsync(Samples.Put(A, image, "v1") with { Precondition = expected })).Error)));
            var winner = others[Array.IndexOf(errors, null)];
            Assert.Single(errors, error => error is null);
            Assert.All(errors.Where(error => error is not null), error => AssertRefused(RegistryErrorCode.PreconditionFailed, error));
            Assert.Equal(Samples.Digest(winner), (await FindAsync(A, "v1"))?.Digest);
            current = Samples.Digest(winner).Value;
        }
    }
}
