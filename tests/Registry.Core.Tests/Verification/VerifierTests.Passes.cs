using Registry.Core.Storage;
using Registry.Core.Verification;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Verification;

/// <summary>Passes: when one is due, and what is kept of one that ends early.</summary>
public partial class VerifierTests
{
    private const int Period = 60;

    [Fact]
    public async Task When_a_pass_last_ended_and_what_it_found_is_kept()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        await DamageAsync(storage, Samples.Digest("app layer"), "first byte");
        await DamageAsync(storage, Samples.Digest("app config"), "removed");

        await storage.Verifier.VerifyAllAsync(isDryRun: true, default);
        Assert.Null((await storage.Storage.VerifierMetadata.ReadProgressAsync()).EndedAt);
        await storage.Verifier.RunAsync(default);

        var progress = await storage.Storage.VerifierMetadata.ReadProgressAsync();
        Assert.NotNull(progress.EndedAt);
        Assert.Equal(2, progress.LastFindings);
        await storage.Verifier.VerifyAllAsync(isDryRun: false, default);
        Assert.Equal(progress with { LastFindings = 0, EndedAt = null }, await storage.Storage.VerifierMetadata.ReadProgressAsync() with { EndedAt = null });
    }

    [Fact]
    public async Task A_pass_is_due_when_the_last_began_a_period_ago()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        Assert.Equal(1, (await storage.Verifier.RunAsync(default))?.Count);
        Assert.Null(await storage.Verifier.RunAsync(default));
        storage.Time.Advance(TimeSpan.FromSeconds(Period - 1));
        Assert.Null(await storage.Verifier.RunAsync(default));
        await storage.ReopenAsync();
        Assert.Null(await storage.Verifier.RunAsync(default));
        storage.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, (await storage.Verifier.RunAsync(default))?.Count);
        Assert.Contains(storage.Log.Entries, entry => entry.Message.StartsWith("Verification finished: blobs and manifests read: 1, bytes: 4,", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pass_that_was_cut_short_goes_on_where_it_was_after_a_restart()
    {
        await using var storage = await TestStorage.CreateAsync();
        for (var i = 0; i < 5; i++)
        {
            await storage.PushBlobAsync(A, $"blob {i}");
        }

        await DamageAsync(storage, Samples.Digest("blob 0"), "first byte");
        using var stopping = new CancellationTokenSource();
        var pass = storage.CreateVerifier(64 * 1024).RunAsync(stopping.Token);
        await AdvanceUntilAsync(storage, () => storage.Log.Entries.Any(entry => entry.Message.Contains("is damaged", StringComparison.Ordinal)));
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pass);

        await storage.ReopenAsync();
        var rest = await storage.Verifier.RunAsync(default);
        Assert.NotNull(rest);
        Assert.InRange(rest.Count, 1, 4);
        Assert.Null(await storage.Verifier.RunAsync(default));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_finding_counts_although_the_pass_ends_early(bool savesAfterwards)
    {
        await using var storage = await TestStorage.CreateAsync();
        foreach (var blob in new[] { "first", "second" })
        {
            await storage.PushBlobAsync(A, blob);
            await DamageAsync(storage, Samples.Digest(blob), "first byte");
        }

        var faulty = new FaultyVerifierMetadata(storage.Storage.VerifierMetadata, Samples.Digest("second"), savesAfterwards);
        await Assert.ThrowsAsync<StorageException>(() => storage.CreateVerifier(Pace.Unlimited, faulty).RunAsync(default));

        Assert.Equal(1, (await storage.Verifier.RunAsync(default))?.Damaged);
        Assert.Equal(2, (await storage.Storage.VerifierMetadata.ReadProgressAsync()).LastFindings);
    }

    [Fact]
    public async Task After_a_fault_a_pass_continues_where_it_was()
    {
        await using var storage = await TestStorage.CreateAsync();
        for (var i = 0; i < 5; i++)
        {
            await storage.PushBlobAsync(A, $"blob {i}");
        }

        await DamageAsync(storage, Samples.Digest("blob 3"), "first byte");
        var faulty = new FaultyVerifierMetadata(storage.Storage.VerifierMetadata, Samples.Digest("blob 3"), savesAfterwards: true);
        await Assert.ThrowsAsync<StorageException>(() => storage.CreateVerifier(Pace.Unlimited, faulty).RunAsync(default));

        Assert.Equal(2, (await storage.Verifier.RunAsync(default))?.Count);
    }
}
