using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Core.Tests.Collection;

/// <summary>Pushes of a referrer while those of its deleted subject are released, which may take long.</summary>
public sealed class WaitingReferrerTests
{
    private const int Referrers = SubjectRows.SettledAtOnce + SubjectRows.RowsPerTurn + 1;

    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly byte[] Subject = Samples.Index([Samples.Layer("child", MediaTypes.OciManifest)]);

    [Theory]
    [InlineData(0)]
    [InlineData(20_000)]
    public async Task A_push_that_waits_for_other_referrers_holds_no_fence_and_starts_again_when_the_subject_was_deleted_again(int noteLength)
    {
        await using var storage = await CreateAsync();
        var referrer = Referrer(new string('r', noteLength));
        var gated = new GatedMetadataStore(storage.Storage.Metadata);
        var (turns, deletions) = (0, 0);
        gated.AfterRelease = async hasMore =>
        {
            turns++;
            await using (await storage.Storage.Blobs.FenceAsync(Samples.Digest(referrer)).AsTask().WaitAsync(Patience.Limit))
            {
            }

            if (!hasMore && deletions++ == 0)
            {
                // After the check of the push, and before it records its manifest.
                await storage.PutAsync(A, Subject);
                await storage.DeleteAsync(A, Samples.Digest(Subject));
            }
        };

        Assert.Null((await PutAsync(storage, gated, referrer, default)).Error);

        Assert.Equal((4, 2), (turns, deletions));
        Assert.Empty(await storage.Storage.CollectorMetadata.ListUnsettledSubjectsAsync(10));
        Assert.Equal(referrer, await storage.GetAsync(A, Samples.Digest(referrer)));
    }

    [Fact]
    public async Task A_push_whose_client_goes_away_while_it_waits_stores_nothing()
    {
        await using var storage = await CreateAsync();
        using var gone = new CancellationTokenSource();
        var gated = new GatedMetadataStore(storage.Storage.Metadata) { AfterRelease = _ => gone.CancelAsync() };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PutAsync(storage, gated, Referrer("r"), gone.Token));

        Assert.Single(await storage.Storage.CollectorMetadata.ListUnsettledSubjectsAsync(10));
        Assert.Null(await storage.GetAsync(A, Samples.Digest(Referrer("r"))));
    }

    // A subject that was deleted, with more referrers than its deletion and one turn release.
    private static async Task<TestStorage> CreateAsync()
    {
        var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "config");
        await Task.WhenAll(Enumerable.Range(0, Referrers).Select(number => storage.PutAsync(A, Referrer($"{number}"))));
        await storage.PutAsync(A, Subject);
        await storage.DeleteAsync(A, Samples.Digest(Subject));
        return storage;
    }

    private static async Task<Result<(Digest Digest, Manifest Manifest, IReadOnlyList<MovedTag> Moved)>> PutAsync(
        TestStorage storage, IMetadataStore metadata, byte[] referrer, CancellationToken cancellationToken)
    {
        var core = new RegistryCore(storage.Storage.Ports with { Metadata = metadata }, new CoreSettings(), storage.Time, storage.Loggers);
        return await core.Manifests.PutAsync(
            A, Samples.Digest(referrer), null, referrer, [], Precondition.None, ContractOrigin.Request, cancellationToken);
    }

    private static byte[] Referrer(string note) => Samples.Image("config", [], Samples.Child(Subject, MediaTypes.OciIndex), note: note);
}
