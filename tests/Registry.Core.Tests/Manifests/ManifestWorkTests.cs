using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Manifests;

/// <summary>
/// The work of a push does not depend on the content of other repositories, so the time of an answer does not tell it. A file that was written
/// again has another time than the one that it was given.
/// </summary>
public sealed class ManifestWorkTests
{
    private static readonly DateTime Past = new(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);
    private static readonly RepositoryName Own = RepositoryName.Parse("own");
    private static readonly RepositoryName Foreign = RepositoryName.Parse("foreign");
    private static readonly byte[] Complete = Samples.Index([]);
    private static readonly byte[] Incomplete = Samples.Image("missing", []);

    [Fact]
    public async Task A_manifest_of_another_repository_is_written_again()
    {
        await using var registry = await TestStorage.CreateAsync();
        await AgeAsync(registry, await PutAsync(registry, Foreign, Complete));

        await PutAsync(registry, Own, Complete);
        await registry.WriteOutAsync();

        Assert.NotEqual(Past, Written(registry, Complete));
    }

    [Fact]
    public async Task A_manifest_that_the_repository_has_is_not_written_again_unless_it_is_damaged()
    {
        await using var registry = await TestStorage.CreateAsync();
        var digest = await PutAsync(registry, Own, Complete);
        await AgeAsync(registry, digest);

        await PutAsync(registry, Own, Complete);
        await registry.WriteOutAsync();
        Assert.Equal(Past, Written(registry, Complete));

        await File.WriteAllTextAsync(registry.Paths.BlobData(digest), "damaged");
        await PutAsync(registry, Own, Complete);
        await registry.WriteOutAsync();
        Assert.Equal(Complete, await File.ReadAllBytesAsync(registry.Paths.BlobData(digest)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_refused_push_writes_nothing(bool isStoredForAnother)
    {
        await using var registry = await TestStorage.CreateAsync();
        if (isStoredForAnother)
        {
            foreach (var manifest in new[] { Complete, Incomplete })
            {
                await registry.Storage.Blobs.PutAsync(Samples.Digest(manifest), manifest);
                await AgeAsync(registry, Samples.Digest(manifest));
            }
        }

        var missing = await registry.Manifests.PutAsync(Own, Tag.Parse("tag"), null, Incomplete, [], Precondition.None);
        var failed = await registry.Manifests.PutAsync(Own, Tag.Parse("tag"), null, Complete, [], new Precondition { Match = [] });
        await registry.WriteOutAsync();

        Assert.Same(RegistryErrorCode.ManifestBlobUnknown, missing.Error?.Code);
        Assert.Same(RegistryErrorCode.PreconditionFailed, failed.Error?.Code);
        foreach (var manifest in new[] { Complete, Incomplete })
        {
            Assert.Equal(isStoredForAnother ? Past : null, Written(registry, manifest));
        }
    }

    private static async Task<Digest> PutAsync(TestStorage registry, RepositoryName name, byte[] manifest)
    {
        var put = await registry.Manifests.PutAsync(name, Samples.Digest(manifest), null, manifest, [], Precondition.None);
        Assert.Null(put.Error);
        return put.Value.Digest;
    }

    private static async Task AgeAsync(TestStorage registry, Digest digest)
    {
        await registry.WriteOutAsync();
        File.SetLastWriteTimeUtc(registry.Paths.BlobData(digest), Past);
    }

    private static DateTime? Written(TestStorage registry, byte[] manifest)
    {
        var file = registry.Paths.BlobData(Samples.Digest(manifest));
        return File.Exists(file) ? File.GetLastWriteTimeUtc(file) : null;
    }
}
