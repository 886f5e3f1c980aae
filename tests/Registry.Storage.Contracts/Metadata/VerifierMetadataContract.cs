using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Verification;

namespace Registry.Storage.Contracts.Metadata;

/// <summary>Contract of <see cref="IVerifierMetadata"/>, together with its metadata.</summary>
public abstract class VerifierMetadataContract(IMetadataEngine engine) : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly byte[] Image = Samples.Image("blob", []);
    private static readonly Digest Blob = Samples.Digest("blob");

    private IMetadataStore Metadata => engine.Metadata;

    private IVerifierMetadata Verifier => engine.Verifier;

    [Fact]
    public async Task Blobs_and_manifests_are_listed_page_by_page_and_what_is_only_mentioned_is_not()
    {
        await FillAsync();
        await Metadata.PutManifestAsync(Samples.Put(A, Samples.Index([Samples.Child(Samples.Text("not here"))])));

        var all = await Verifier.ListStoredAsync(0, 10);
        Assert.Equal(3, all.Count);
        Assert.Contains((Blob, 4L), all.Select(content => (content.Digest, content.Size)));
        Assert.Contains((Samples.Digest(Image), (long)Image.Length), all.Select(content => (content.Digest, content.Size)));
        Assert.Equal(all.Take(2), await Verifier.ListStoredAsync(0, 2));
        Assert.Equal(all.Skip(2), await Verifier.ListStoredAsync(all[1].Id, 2));
        Assert.Empty(await Verifier.ListStoredAsync(all[2].Id, 2));
        Assert.Equal(4, await Verifier.FindSizeAsync(Blob));
        Assert.Null(await Verifier.FindSizeAsync(Samples.Digest("not here")));
    }

    [Fact]
    public async Task Nothing_is_wrong_with_a_whole_database()
    {
        await FillAsync();
        Assert.Empty(await Verifier.FindDamageAsync());
    }

    [Fact]
    public async Task The_repositories_of_blobs_and_manifests_are_found_each_once()
    {
        await FillAsync();
        Assert.Equal([A, B], (await Verifier.FindRepositoriesAsync(Blob, 10)).OrderBy(name => name.Value, StringComparer.Ordinal));
        Assert.Equal([A], await Verifier.FindRepositoriesAsync(Samples.Digest(Image), 10));
        Assert.Single(await Verifier.FindRepositoriesAsync(Blob, 1));
        await Metadata.LinkBlobAsync(A, Samples.Digest(Image), Image.Length);
        Assert.Equal([A], await Verifier.FindRepositoriesAsync(Samples.Digest(Image), 10));
    }

    [Fact]
    public async Task What_is_lost_is_not_seen_nor_needed_until_it_is_stored_again()
    {
        await FillAsync();
        Assert.Equal(4, await Metadata.FindSizeAsync(A, Blob));

        await Verifier.MarkLostAsync(Blob);

        Assert.Null(await Metadata.FindBlobAsync(A, Blob));
        Assert.Null(await Metadata.FindBlobAsync(B, Blob));
        Assert.Null(await Verifier.FindSizeAsync(Blob));
        Assert.False((await Metadata.MountBlobAsync(A, Samples.Repository("c"), Blob)).Value);
        var next = Samples.Put(A, Samples.Image("blob", [], note: "next"));
        Assert.Equal(RegistryErrorCode.ManifestBlobUnknown, (await Metadata.PutManifestAsync(next)).Error?.Code);

        await Metadata.LinkBlobAsync(B, Blob, 4);
        Assert.Equal(4, await Metadata.FindSizeAsync(A, Blob));
        Assert.Null((await Metadata.PutManifestAsync(next)).Error);
    }

    [Fact]
    public async Task An_index_that_needs_a_lost_manifest_is_refused_until_that_is_pushed_again()
    {
        await FillAsync();
        var index = Samples.Put(A, Samples.Index([Samples.Child(Image)])).Requiring(ManifestReferences.Strict);
        await Verifier.MarkLostAsync(Samples.Digest(Image));

        var refusal = (await Metadata.PutManifestAsync(index)).Error;
        Assert.Equal(RegistryErrorCode.ManifestBlobUnknown, refusal?.Code);
        Assert.Null((await Metadata.PutManifestAsync(index.Requiring(ManifestReferences.SparseIndex))).Error);

        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, Image))).Error);
        Assert.Null((await Metadata.PutManifestAsync(index)).Error);
    }

    [Fact]
    public async Task What_is_lost_is_forgotten_with_the_last_that_has_it()
    {
        await FillAsync();
        await Verifier.MarkLostAsync(Blob);
        await Verifier.MarkLostAsync(Samples.Digest(Image));
        Assert.Null((await Metadata.UnlinkBlobAsync(B, Blob)).Error);
        Assert.Null((await Metadata.DeleteManifestAsync(A, Samples.Digest(Image), Precondition.None)).Error);
        Assert.Equal([A], await Verifier.FindRepositoriesAsync(Blob, 10));
        Assert.Null((await Metadata.UnlinkBlobAsync(A, Blob)).Error);
        Assert.Empty(await engine.Collector.ListOrphansAsync(10));
        Assert.Empty(await Verifier.FindRepositoriesAsync(Blob, 10));
        await FillAsync();
        Assert.Equal(2, (await Verifier.ListStoredAsync(0, 10)).Count);
    }

    [Fact]
    public async Task How_far_it_is_outlives_the_process()
    {
        Assert.Equal(new VerificationProgress(null, null), await Verifier.ReadProgressAsync());
        foreach (var progress in new[] { new VerificationProgress(5, 0), new VerificationProgress(5, 7), new VerificationProgress(5, null), new VerificationProgress(9, 3) { Findings = 1, EndedAt = 1_800_000_000, LastFindings = 2 } })
        {
            await Verifier.SaveProgressAsync(progress);
            await engine.ReopenAsync(cleanly: false);
            Assert.Equal(progress, await Verifier.ReadProgressAsync());
        }
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task FillAsync()
    {
        await Metadata.LinkBlobAsync(A, Blob, 4);
        await Metadata.LinkBlobAsync(B, Blob, 4);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, Image))).Error);
    }
}
