using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Metadata;

/// <summary>Contract of <see cref="IMetadataSnapshot"/>.</summary>
public abstract class MetadataSnapshotContract(IMetadataEngine engine) : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly byte[] Small = Samples.Text("small");

    [Fact]
    public async Task A_snapshot_has_the_content_of_its_moment()
    {
        var config = Samples.Digest("config");
        await engine.Metadata.LinkBlobAsync(A, config, 6);
        await engine.Metadata.LinkBlobAsync(B, config, 6);
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest(Small), Small.Length, upload: null, staged: Small);
        var image = Samples.Image("config", []);
        Assert.Null((await engine.Metadata.PutManifestAsync(Samples.Put(A, image, "v1"))).Error);

        using var snapshot = await engine.TakeSnapshotAsync();
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("later"), 5);

        Assert.Equal((3, 6 + Small.Length + image.Length), snapshot.Count());
        Assert.Equal(
            [(config, 6, null), (Samples.Digest(Small), Small.Length, "small"), (Samples.Digest(image), image.Length, null)],
            snapshot.Blobs().Select(blob => (blob.Digest, blob.Size, blob.Staged is { } bytes ? System.Text.Encoding.UTF8.GetString(bytes) : null)));
        Assert.True(snapshot.Contains(config));
        Assert.True(snapshot.Contains(Samples.Digest(image)));
        Assert.False(snapshot.Contains(Samples.Digest("later")));
    }

    [Fact]
    public async Task A_snapshot_lists_more_blobs_than_a_page_has()
    {
        var blobs = Enumerable.Range(0, 600).Select(i => Samples.Digest($"blob {i}")).ToList();
        await Task.WhenAll(blobs.Select(blob => engine.Metadata.LinkBlobAsync(A, blob, 8)));

        using var snapshot = await engine.TakeSnapshotAsync();

        Assert.Equivalent(blobs, snapshot.Blobs().Select(blob => blob.Digest), strict: true);
    }

    [Fact]
    public async Task Staged_bytes_are_removed_from_the_snapshot_only()
    {
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest(Small), Small.Length, upload: null, staged: Small);
        using var snapshot = await engine.TakeSnapshotAsync();

        snapshot.RemoveStaged();

        Assert.Equal(new SnapshotBlob(Samples.Digest(Small), Small.Length, null), Assert.Single(snapshot.Blobs()));
        Assert.Equal(Small, (await engine.Staged.FindAsync(Samples.Digest(Small)))?.Bytes);
    }

    [Fact]
    public async Task An_empty_registry_has_an_empty_snapshot()
    {
        using var snapshot = await engine.TakeSnapshotAsync();

        Assert.Equal((0, 0), snapshot.Count());
        Assert.Empty(snapshot.Blobs());
        snapshot.RemoveStaged();
        snapshot.RepeatForTree(DateTimeOffset.UnixEpoch);
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
