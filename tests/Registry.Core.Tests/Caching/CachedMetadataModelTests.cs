using CsCheck;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Caching;

/// <summary>Compares the cache with the store behind it, over random sequences of operations.</summary>
public sealed class CachedMetadataModelTests
{
    private static readonly RepositoryName[] Repositories = [Samples.Repository("a"), Samples.Repository("b/c")];
    private static readonly string[] Blobs = ["one", "two", "three"];
    private static readonly string[] Tags = ["latest", "v1"];

    private static readonly byte[][] Manifests =
    [
        Samples.Image("one", [Samples.Layer("two")]),
        Samples.Image("one", [Samples.Layer("three")], note: "second"),
        Samples.Index([Samples.Child(Samples.Image("one", [Samples.Layer("two")]))]),
    ];

    private static readonly Gen<Step> Steps = Gen.Select(
        Gen.Enum<Kind>(), Gen.Int[0, Repositories.Length - 1], Gen.Int[0, 2], Gen.Int[0, Tags.Length - 1],
        (kind, repository, item, tag) => new Step(kind, repository, item, tag));

    private enum Kind
    {
        PutByTag,
        PutByDigest,
        DeleteTag,
        DeleteManifest,
        Link,
        Mount,
        Unlink,
        RenewBlob,
        RenewManifest,
        Expire,
        Index,
        Reopen,
    }

    [Fact]
    public async Task The_cache_answers_what_the_store_answers() => await Steps.Array[1, 40].SampleAsync(
        async steps =>
        {
            await using var engine = new CachedEngine();
            foreach (var step in steps)
            {
                await RunAsync(engine, step);

                // Twice: the first may fill what the second is answered from.
                await CompareAsync(engine);
                await CompareAsync(engine);
            }
        },
        iter: 30,
        threads: 1);

    private static async Task RunAsync(CachedEngine engine, Step step)
    {
        var (repository, other) = (Repositories[step.Repository], Repositories[1 - step.Repository]);
        var (manifest, blob, tag) = (Manifests[step.Item], Blobs[step.Item], Tags[step.Tag]);
        switch (step.Kind)
        {
            case Kind.PutByTag:
                await engine.Metadata.PutManifestAsync(Samples.Put(repository, manifest, tag));
                break;
            case Kind.PutByDigest:
                await engine.Metadata.PutManifestAsync(Samples.Put(repository, manifest));
                break;
            case Kind.DeleteTag:
                await engine.Metadata.DeleteManifestAsync(repository, Tag.Parse(tag), Precondition.None);
                break;
            case Kind.DeleteManifest:
                await engine.Metadata.DeleteManifestAsync(repository, Samples.Digest(manifest), Precondition.None);
                break;
            case Kind.Link:
                await engine.Metadata.LinkBlobAsync(repository, Samples.Digest(blob), blob.Length);
                break;
            case Kind.Mount:
                await engine.Metadata.MountBlobAsync(other, repository, Samples.Digest(blob));
                break;
            case Kind.Unlink:
                await engine.Metadata.UnlinkBlobAsync(repository, Samples.Digest(blob));
                break;
            case Kind.RenewBlob:
                await engine.AdvanceAsync(TimeSpan.FromSeconds(1));
                await engine.Metadata.RenewBlobAsync(repository, Samples.Digest(blob));
                break;
            case Kind.RenewManifest:
                await engine.AdvanceAsync(TimeSpan.FromSeconds(1));
                await engine.Metadata.RenewManifestAsync(repository, Samples.Digest(manifest));
                break;
            case Kind.Expire:
                await engine.AdvanceAsync(TimeSpan.FromSeconds(1));
                await engine.Collector.ExpireLinksAsync(TimeSpan.Zero, 10);
                await RemoveOrphansAsync(engine);
                break;
            case Kind.Index:
                await engine.IndexTarget.AddRepositoryAsync(Found(repository, manifest, blob, tag));
                break;
            case Kind.Reopen:
                await engine.ReopenAsync();
                break;
            default:
                throw new InvalidOperationException();
        }
    }

    private static async Task RemoveOrphansAsync(CachedEngine engine)
    {
        foreach (var orphan in await engine.Collector.ListOrphansAsync(10))
        {
            if (await engine.Collector.CondemnAsync(orphan) is not null)
            {
                await engine.Collector.ForgetAsync(orphan);
            }
        }
    }

    private static TreeRepository Found(RepositoryName repository, byte[] manifest, string blob, string tag) => new()
    {
        Name = repository,
        Manifests = [new TreeManifest(Samples.Digest(manifest), manifest.Length, ManifestReader.Read(manifest, null).Value)],
        Layers = [new(Samples.Digest(blob), blob.Length)],
        Tags = [new(Tag.Parse(tag), Samples.Digest(manifest))],
    };

    private static async Task CompareAsync(CachedEngine engine)
    {
        foreach (var repository in Repositories)
        {
            foreach (var reference in Manifests.Select(manifest => (Reference)Samples.Digest(manifest)).Concat(Tags.Select(tag => (Reference)Tag.Parse(tag))))
            {
                Assert.Equal(await engine.Store.FindManifestAsync(repository, reference), await engine.Metadata.FindManifestAsync(repository, reference));
            }

            foreach (var digest in Blobs.Select(Samples.Digest))
            {
                Assert.Equal(await engine.Store.FindBlobAsync(repository, digest), await engine.Metadata.FindBlobAsync(repository, digest));
            }
        }
    }

    private sealed record Step(Kind Kind, int Repository, int Item, int Tag);
}
