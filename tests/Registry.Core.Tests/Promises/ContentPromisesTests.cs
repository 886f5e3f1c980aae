using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Registry.Core.Oci;
using Registry.Core.Promises;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Promises;

/// <summary>Answers that say that content exists: the content stays for at least half of the grace period from then on.</summary>
public class ContentPromisesTests
{
    private const int Grace = 60;
    private const int Half = Grace / 2;
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly Digest Blob = Samples.Digest("blob");

    [Fact]
    public async Task An_answer_about_a_young_blob_writes_nothing_and_an_old_one_is_renewed_before_the_answer()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        storage.Time.Advance(TimeSpan.FromSeconds(Half));
        Assert.True(await storage.SeesBlobAsync(A, Blob));
        Assert.Equal(0, await IdleSinceAsync(storage, Blob));
        storage.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await storage.SeesBlobAsync(A, Blob));
        Assert.Equal(Half + 1, await IdleSinceAsync(storage, Blob));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Half)]
    [InlineData(Half + 1)]
    [InlineData(Grace)]
    public async Task What_an_answer_says_holds_for_half_of_the_grace_period_whenever_it_is_given(int asked)
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        var child = await PushChildAsync(storage);
        await storage.CollectAfterAsync(asked);
        Assert.True(await storage.SeesBlobAsync(A, Blob));
        Assert.Null((await storage.Manifests.StatAsync(A, child)).Error);
        await storage.CollectAfterAsync(Half);
        Assert.NotNull(await storage.Storage.Metadata.FindBlobAsync(A, Blob));
        Assert.NotNull(await storage.Storage.Metadata.FindManifestAsync(A, child));
        await storage.CollectAfterAsync(Half + 1);
        Assert.Null(await storage.Storage.Metadata.FindBlobAsync(A, Blob));
        Assert.Null(await storage.Storage.Metadata.FindManifestAsync(A, child));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_promise_holds_with_the_shortest_grace_periods(int grace)
    {
        await using var storage = await TestStorage.CreateAsync(grace: TimeSpan.FromSeconds(grace));
        await storage.PushBlobAsync(A, "blob");
        for (var second = 0; second < 10; second++)
        {
            Assert.True(await storage.SeesBlobAsync(A, Blob));
            await storage.CollectAfterAsync((int)storage.Core.Grace.Promise);
        }

        Assert.InRange(2 * storage.Core.Grace.Promise, grace, grace + 1);
        await storage.CollectAfterAsync(grace + 1);
        Assert.False(await storage.SeesBlobAsync(A, Blob));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_from_memory_promises_a_layer_whose_manifest_has_gone_meanwhile(bool expires)
    {
        await using var storage = await TestStorage.CreateAsync();
        var layer = Samples.Digest("child layer");
        var child = await PushChildAsync(storage);
        Assert.True(await storage.SeesBlobAsync(A, layer));
        Assert.True(await storage.SeesBlobAsync(A, layer));
        if (expires)
        {
            Assert.Equal(1, await storage.ExpireManifestsAfterAsync(Grace + 1));
        }
        else
        {
            storage.Time.Advance(TimeSpan.FromSeconds(Grace + 1));
            await storage.DeleteAsync(A, child);
        }

        await storage.CollectAfterAsync(Grace);
        Assert.True(await storage.SeesBlobAsync(A, layer));
        Assert.Equal(1, (await storage.CollectAfterAsync(Half)).Links);
        await storage.PushBlobAsync(A, "config");
        Assert.Null(await storage.TryPutAsync(A, Samples.Image("config", [Samples.Layer("child layer")])));
    }

    [Fact]
    public async Task An_answer_from_memory_says_no_more_once_the_blob_has_expired()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        Assert.True(await storage.SeesBlobAsync(A, Blob));
        Assert.Equal((1, 1), await storage.CollectAfterAsync(Grace + 1));
        Assert.False(await storage.SeesBlobAsync(A, Blob));
    }

    [Fact]
    public async Task A_blob_that_expires_between_the_lookup_and_its_renewal_is_unknown()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        storage.Time.Advance(TimeSpan.FromSeconds(Grace + 1));
        var gated = new GatedMetadataStore(storage.Storage.Metadata)
        {
            AfterQuestion = async () => Assert.Equal((1, 1), await storage.CollectAfterAsync(0)),
        };
        var promises = new ContentPromises(
            gated, storage.Core.Grace, storage.Core.Pause, storage.Storage.Faults, storage.Loggers.CreateLogger<ContentPromises>());
        Assert.Null(await promises.FindBlobAsync(A, Blob));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_renewed_promise_survives_a_kill_and_a_restart_of_the_clock(bool isCycleSaved)
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        var child = await PushChildAsync(storage);
        storage.Time.Advance(TimeSpan.FromSeconds(Grace));
        if (isCycleSaved)
        {
            await storage.CollectAfterAsync(0);
        }

        Assert.True(await storage.SeesBlobAsync(A, Blob));
        Assert.Null((await storage.Manifests.StatAsync(A, child)).Error);
        await storage.ReopenAsync(cleanly: false);

        // Without a cycle, the clock begins again at 0, behind the time of the promise: then the content stays longer, never shorter.
        Assert.Equal(isCycleSaved ? Grace : 0, storage.Storage.Clock.Now);
        Assert.True(await storage.SeesBlobAsync(A, Blob));
        await storage.CollectAfterAsync(Half);
        await storage.CollectAfterAsync(Half);
        Assert.NotNull(await storage.Storage.Metadata.FindManifestAsync(A, child));
        Assert.Null(await storage.TryPutAsync(A, Samples.Image("blob", [])));
    }

    [Fact]
    public async Task A_referrer_of_a_deleted_subject_is_promised()
    {
        await using var storage = await TestStorage.CreateAsync();
        var subject = Samples.Index([Samples.Layer("missing", MediaTypes.OciManifest)]);
        var signature = Samples.Image("config", [], Samples.Child(subject, MediaTypes.OciIndex), note: "signature");
        await storage.PushBlobAsync(A, "config");
        await storage.PutAsync(A, subject);
        await storage.PutAsync(A, signature);
        await storage.DeleteAsync(A, Samples.Digest(subject));
        storage.Time.Advance(TimeSpan.FromSeconds(Grace));
        Assert.NotNull(await storage.GetAsync(A, Samples.Digest(signature)));
        Assert.Equal(0, await storage.ExpireManifestsAfterAsync(Half));

        // Its subject is back.
        await storage.PutAsync(A, subject);
        Assert.Equal(0, await storage.ExpireManifestsAfterAsync(10 * Grace));
        Assert.NotNull(await storage.GetAsync(A, Samples.Digest(signature)));
    }

    [Fact]
    public async Task Very_many_answers_about_one_old_blob_write_once()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        await storage.CloseAsync();
        OldSchema.Execute(storage.Paths.Database, """
            CREATE TABLE renewals (idle_since INTEGER);
            CREATE TRIGGER renewed AFTER UPDATE OF idle_since ON blob_links BEGIN INSERT INTO renewals VALUES (new.idle_since); END;
            """);
        await using var again = await TestStorage.CreateAsync(storage.Path);
        again.Time.Advance(TimeSpan.FromSeconds(Grace));

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => again.SeesBlobAsync(A, Blob))));

        Assert.All(answers, Assert.True);
        await again.CloseAsync();
        using var connection = new SqliteConnection($"Data Source={again.Paths.Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT COUNT(*) FROM renewals";
        Assert.Equal(1L, command.ExecuteScalar());
    }

    // A child of an index that was deleted, with a layer and a config.
    private static async Task<Digest> PushChildAsync(TestStorage storage)
    {
        var child = await storage.PushImageAsync(A, "child");
        await storage.DeleteAsync(A, await storage.PutAsync(A, Samples.Index([Samples.Child(child)])));
        return Samples.Digest(child);
    }

    private static async Task<long?> IdleSinceAsync(TestStorage storage, Digest digest) =>
        (await storage.Storage.Metadata.FindBlobAsync(A, digest))?.IdleSince;
}
