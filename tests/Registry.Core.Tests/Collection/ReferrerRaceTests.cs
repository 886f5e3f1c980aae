using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Core.Tests.Collection;

/// <summary>Clients that push and delete one subject with many referrers at once, while the collector settles and expires them.</summary>
public sealed class ReferrerRaceTests
{
    private const int Grace = 10;
    private const int Rounds = 15;
    private const int Referrers = (2 * SubjectRows.SettledAtOnce) + 10;

    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly byte[] Subject = Samples.Index([Samples.Layer("child", MediaTypes.OciManifest)]);

    [Fact]
    public async Task The_referrers_of_a_subject_that_is_there_again_within_the_grace_period_stay()
    {
        await using var storage = await TestStorage.CreateAsync(grace: TimeSpan.FromSeconds(Grace));
        await storage.PushBlobAsync(A, "config");
        await Task.WhenAll(Enumerable.Range(0, Referrers).Select(number => storage.PutAsync(A, Referrer(number))));
        for (var round = 0; round < Rounds; round++)
        {
            // All are roots no more, and idle for nearly as long as they may be.
            await storage.PutAsync(A, Subject);
            await Task.WhenAll(storage.DeleteAsync(A, Samples.Digest(Subject)), CollectAsync(storage));
            await CollectAsync(storage);
            storage.Time.Advance(TimeSpan.FromSeconds(Grace - 1));

            await Task.WhenAll(
                PutAsync(storage, Subject),
                PutAsync(storage, Subject, "tag"),
                CollectAsync(storage),
                TryDeleteAsync(storage, Samples.Digest(Subject)),
                PutAsync(storage, Referrer(round)),
                StatAllAsync(storage));
            await storage.PutAsync(A, Subject);
            storage.Time.Advance(TimeSpan.FromSeconds(1000));
            await CollectAsync(storage);

            Assert.Equal(Referrers, await CountAsync(storage));
        }

        await storage.DeleteAsync(A, Samples.Digest(Subject));
        await CollectAsync(storage);
        Assert.Equal(Referrers, await CountAsync(storage));
        storage.Time.Advance(TimeSpan.FromSeconds(Grace + 1));
        await CollectAsync(storage);
        Assert.Equal(0, await CountAsync(storage));
    }

    [Fact]
    public async Task What_a_kill_leaves_is_settled_before_the_grace_period_of_all_blobs_is_over()
    {
        await using var storage = await TestStorage.CreateAsync(grace: TimeSpan.FromSeconds(Grace));
        await storage.PushBlobAsync(A, "config");
        await Task.WhenAll(Enumerable.Range(0, Referrers).Select(number => storage.PutAsync(A, Referrer(number))));
        await storage.PutAsync(A, Subject);
        await storage.DeleteAsync(A, Samples.Digest(Subject));

        await storage.ReopenAsync(cleanly: false);
        Assert.Single(await storage.Storage.CollectorMetadata.ListUnsettledSubjectsAsync(10));
        await CollectAsync(storage);
        Assert.Empty(await storage.Storage.CollectorMetadata.ListUnsettledSubjectsAsync(10));
        Assert.NotNull((await storage.Storage.Metadata.FindManifestAsync(A, Samples.Digest(Referrer(Referrers - 1))))!.IdleSince);
        Assert.Equal(0, await storage.ExpireManifestsAfterAsync(Grace));

        Assert.Equal(Referrers, await storage.ExpireManifestsAfterAsync(2));
    }

    private static byte[] Referrer(int number) => Samples.Image("config", [], Samples.Child(Subject, MediaTypes.OciIndex), note: $"{number}");

    private static async Task CollectAsync(TestStorage storage) => await Task.Run(() => storage.Collector.RunAsync(default));

    private static async Task PutAsync(TestStorage storage, byte[] manifest, string? tag = null) => await Task.Run(() => storage.PutAsync(A, manifest, tag));

    // It may be deleted already.
    private static async Task TryDeleteAsync(TestStorage storage, Digest digest) => await Task.Run(() => storage.Manifests.DeleteAsync(A, digest, Precondition.None));

    private static Task StatAllAsync(TestStorage storage) => Task.Run(async () =>
    {
        for (var number = 0; number < Referrers; number++)
        {
            Assert.Null((await storage.Manifests.StatAsync(A, Samples.Digest(Referrer(number)))).Error);
        }
    });

    private static async Task<int> CountAsync(TestStorage storage)
    {
        var page = await storage.Storage.Metadata.ListReferrersAsync(A, Samples.Digest(Subject), null, null, 2 * Referrers);
        return page.Items.Count;
    }
}
