using Microsoft.Extensions.Logging;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Verification;

public partial class VerifierTests
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly Tag Latest = Tag.Parse("latest");

    public static TheoryData<string> Damages => new("first byte", "last byte", "shorter", "longer", "empty", "removed");

    public static TheoryData<string> Kinds => new(Planted.Kinds);

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Damage_of_each_stored_file_in_turn_is_found_and_answered_with_not_found_and_a_push_heals_it(string damage)
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app", "latest");
        await storage.PushImageAsync(B, "app", "latest");
        Digest[] all = [Samples.Digest("app config"), Samples.Digest("app layer"), Samples.Digest(image)];
        foreach (var digest in all)
        {
            // What is in memory must not hide it.
            Assert.Equal(all, await VisibleAsync(storage, A, all));
            Assert.Equal(all, await VisibleAsync(storage, B, all));
            await DamageAsync(storage, digest, damage);

            var result = await storage.Verifier.VerifyAllAsync(isDryRun: false, default);

            Assert.Equal((3, damage == "removed" ? 0 : 1, damage == "removed" ? 1 : 0, 0), (result.Count, result.Damaged, result.Missing, result.Unreadable));
            Assert.Equal(all.Except([digest]), await VisibleAsync(storage, A, all));
            Assert.Equal(all.Except([digest]), await VisibleAsync(storage, B, all));
            Assert.Equal(["latest"], (await storage.Storage.Metadata.ListTagsAsync(A, null, 10))!.Items);
            var line = Assert.Single(storage.Log.Entries, entry => entry.Level == LogLevel.Error && entry.Message.StartsWith(digest.Value, StringComparison.Ordinal)).Message;
            Assert.Contains("of a, b is", line, StringComparison.Ordinal);
            Assert.Equal(damage != "removed", File.Exists(storage.Paths.Quarantined(digest)));
            Assert.Equal(damage != "removed", line.Contains(storage.Paths.Quarantined(digest), StringComparison.Ordinal));
            Assert.Null(storage.Storage.Health.Failure);
            await storage.CollectAfterAsync(1000);

            await storage.PushImageAsync(B, "app", "latest");
            Assert.Equal(all, await VisibleAsync(storage, A, all));
            Assert.Equal(all, await VisibleAsync(storage, B, all));
            Assert.True((await storage.Verifier.VerifyAllAsync(isDryRun: false, default)).IsClean);
        }
    }

    [Fact]
    public async Task What_is_whole_stays_as_it_is()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        await storage.PushBlobAsync(A, Samples.Bytes(1, 3_000_000));
        await storage.PushBlobAsync(A, string.Empty);
        var sha512 = DigestAlgorithm.Sha512.Compute(Samples.Text("other"));
        Assert.Null((await storage.Uploads.PushAsync(A, sha512, null, Samples.Body(Samples.Text("other")), default)).Error);
        await storage.WriteOutAsync();
        var before = FolderContent.List(Path.Combine(storage.Path, "blobs"));

        var result = await storage.Verifier.VerifyAllAsync(isDryRun: false, default);

        Assert.True(result.IsClean);
        Assert.Equal(6, result.Count);
        Assert.Equal(before.Count, result.Count);
        Assert.Equal(before, FolderContent.List(Path.Combine(storage.Path, "blobs")));
        Assert.False(Directory.Exists(storage.Paths.Quarantine));
        Assert.DoesNotContain(storage.Log.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task A_manifest_that_needs_a_lost_blob_is_refused_until_the_blob_is_pushed_again()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        var lost = Samples.Digest("app layer");
        await DamageAsync(storage, lost, "first byte");
        await storage.Verifier.VerifyAllAsync(isDryRun: false, default);
        var next = Samples.Image("app config", [Samples.Layer("app layer")], note: "next");

        Assert.Equal(RegistryErrorCode.ManifestBlobUnknown, (await storage.TryPutAsync(A, next))?.Code);
        Assert.False((await storage.Uploads.MountAsync(B, A, lost, _ => true)).Value);

        await storage.PushBlobAsync(A, "app layer");
        await storage.PutAsync(A, next);
        Assert.True((await storage.Uploads.MountAsync(B, A, lost, _ => true)).Value);
    }

    [Fact]
    public async Task What_was_lost_and_is_there_again_whole_is_served_from_the_next_pass_on()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        await storage.WriteOutAsync();
        var lost = Samples.Digest("app layer");
        var file = storage.Paths.BlobData(lost);
        var kept = await File.ReadAllBytesAsync(file);
        File.Delete(file);
        Assert.Equal(1, (await storage.Verifier.VerifyAllAsync(isDryRun: false, default)).Missing);

        await File.WriteAllBytesAsync(file, [.. kept[..^1], (byte)(kept[^1] ^ 1)]);
        Assert.Equal(2, (await storage.Verifier.VerifyAllAsync(isDryRun: false, default)).Count);
        await File.WriteAllBytesAsync(file, kept);
        Assert.Equal(2, (await storage.Verifier.VerifyAllAsync(isDryRun: true, default)).Count);
        Assert.False(await storage.SeesBlobAsync(A, lost));

        Assert.Equal(3, (await storage.Verifier.VerifyAllAsync(isDryRun: false, default)).Count);
        Assert.True(await storage.SeesBlobAsync(A, lost));
        Assert.Single(storage.Log.Entries, entry => entry.Message == $"{lost} of a was missing and has been found again with its digest: it is served again");
    }

    [Fact]
    public async Task A_lost_blob_expires_and_is_forgotten_like_any_other()
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app", "latest");
        await storage.PushBlobAsync(B, "app layer");
        await storage.PushBlobAsync(B, "other");
        foreach (var digest in new[] { Samples.Digest("app layer"), Samples.Digest("other"), Samples.Digest(image) })
        {
            await DamageAsync(storage, digest, "first byte");
        }

        Assert.Equal(3, (await storage.Verifier.VerifyAllAsync(isDryRun: false, default)).Damaged);
        Assert.Null((await storage.Blobs.DeleteAsync(B, Samples.Digest("other"))).Error);
        await storage.DeleteAsync(A, Samples.Digest(image));
        Assert.Equal((3, 1), await storage.CollectAfterAsync(1000));
        Assert.Empty(await storage.Storage.VerifierMetadata.ListStoredAsync(0, 10));
        Assert.Equal((0, 0), await storage.CollectAfterAsync(1000));

        await storage.PushImageAsync(A, "app", "latest");
        Assert.Equal(image, await storage.GetAsync(A, Latest));
        Assert.True(await storage.SeesBlobAsync(A, Samples.Digest("app layer")));
    }

    [Fact]
    public async Task A_dry_run_reports_and_changes_nothing()
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app", "latest");
        await DamageAsync(storage, Samples.Digest("app layer"), "last byte");
        await DamageAsync(storage, Samples.Digest("app config"), "removed");
        var before = FolderContent.List(Path.Combine(storage.Path, "blobs"));

        for (var i = 0; i < 2; i++)
        {
            var result = await storage.Verifier.VerifyAllAsync(isDryRun: true, default);
            Assert.Equal((3, 1, 1), (result.Count, result.Damaged, result.Missing));
        }

        Assert.Equal(before, FolderContent.List(Path.Combine(storage.Path, "blobs")));
        Assert.False(Directory.Exists(storage.Paths.Quarantine));
        Assert.True(await storage.SeesBlobAsync(A, Samples.Digest("app layer")));
        Assert.Equal(image, await storage.GetAsync(A, Latest));
    }

    [Fact]
    public async Task A_wrong_size_on_record_is_reported_and_the_bytes_stay()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        await storage.WriteOutAsync();
        var digest = Samples.Digest("blob");
        await storage.Storage.Metadata.LinkBlobAsync(A, digest, 5);

        Assert.Equal(1, (await storage.Verifier.VerifyAllAsync(isDryRun: false, default)).Damaged);

        Assert.Contains(storage.Log.Entries, entry => entry.Message.Contains("is intact with 4 B, but 5 B are on record", StringComparison.Ordinal));
        await storage.PushBlobAsync(A, "blob");
        Assert.True((await storage.Verifier.VerifyAllAsync(isDryRun: false, default)).IsClean);
    }

    [Fact]
    public async Task What_cannot_be_moved_is_reported_and_left_alone_and_the_rest_is_verified()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "rotten");
        await storage.PushBlobAsync(A, "removed");
        await DamageAsync(storage, Samples.Digest("rotten"), "first byte");
        await DamageAsync(storage, Samples.Digest("removed"), "removed");
        FolderContent.Write("not a folder", storage.Path, "quarantine");

        var result = await storage.Verifier.VerifyAllAsync(isDryRun: false, default);

        Assert.Equal((2, 0, 1, 1), (result.Count, result.Damaged, result.Missing, result.Unreadable));
        Assert.True(File.Exists(storage.Paths.BlobData(Samples.Digest("rotten"))));
        Assert.Contains(storage.Log.Entries, entry => entry.Message.Contains("/quarantine is not a folder", StringComparison.Ordinal));
        Assert.Null(storage.Storage.Health.Failure);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_planted_entry_is_not_followed_and_counts_as_missing_and_a_push_replaces_it(string kind)
    {
        await using var storage = await TestStorage.CreateAsync();
        using var outside = new Registry.Testing.TemporaryFolder();
        var digest = await storage.PushBlobAsync(A, "blob");
        await storage.WriteOutAsync();
        Planted.Put(kind, storage.Paths.BlobData(digest), outside.Path);

        Assert.Equal(1, (await storage.Verifier.VerifyAllAsync(isDryRun: false, default)).Missing);

        Planted.AssertUntouched(outside.Path);
        Assert.False(Directory.Exists(storage.Paths.Quarantine));
        await storage.PushBlobAsync(A, "blob");
        Assert.Equal(Samples.Text("blob"), await storage.Storage.Blobs.ReadAsync(digest));
        Assert.True((await storage.Verifier.VerifyAllAsync(isDryRun: false, default)).IsClean);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Nothing_is_moved_to_where_a_planted_quarantine_leads(string kind)
    {
        await using var storage = await TestStorage.CreateAsync();
        using var outside = new Registry.Testing.TemporaryFolder();
        var digest = await storage.PushBlobAsync(A, "blob");
        await DamageAsync(storage, digest, "first byte");
        Planted.Put(kind, storage.Paths.QuarantineAlgorithm(digest.Algorithm), outside.Path);

        Assert.Equal(1, (await storage.Verifier.VerifyAllAsync(isDryRun: false, default)).Unreadable);

        Planted.AssertUntouched(outside.Path);
        Assert.True(File.Exists(storage.Paths.BlobData(digest)));
    }

    [Fact]
    public async Task What_lies_beside_rotten_bytes_stays_there()
    {
        await using var storage = await TestStorage.CreateAsync();
        var digest = await storage.PushBlobAsync(A, "blob");
        await DamageAsync(storage, digest, "first byte");
        FolderContent.Write("a note", storage.Paths.BlobDirectory(digest), "note");

        Assert.Equal(1, (await storage.Verifier.VerifyAllAsync(isDryRun: false, default)).Damaged);

        Assert.Equal(["note = a note"], FolderContent.List(storage.Paths.BlobDirectory(digest)));
    }

    [Fact]
    public async Task The_collector_has_nothing_to_do_with_what_is_in_quarantine()
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app", "latest");
        await DamageAsync(storage, Samples.Digest("app layer"), "first byte");
        await DamageAsync(storage, Samples.Digest(image), "first byte");
        Assert.Equal(2, (await storage.Verifier.VerifyAllAsync(isDryRun: false, default)).Damaged);
        var stored = FolderContent.List(storage.Paths.Blobs);
        var quarantined = FolderContent.List(storage.Paths.Quarantine);

        for (var round = 0; round < 3; round++)
        {
            Assert.Equal((0, 0), await storage.CollectAfterAsync(1000));
        }

        Assert.Equal(stored, FolderContent.List(storage.Paths.Blobs));
        Assert.Equal(quarantined, FolderContent.List(storage.Paths.Quarantine));
        Assert.DoesNotContain(storage.Log.Entries, entry => entry.Message.Contains("does not know", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whole_bytes_that_a_push_puts_in_the_place_of_rotten_ones_meanwhile_stay()
    {
        await using var storage = await TestStorage.CreateAsync();
        var digest = await storage.PushBlobAsync(A, "blob");
        await DamageAsync(storage, digest, "first byte");
        using var file = await storage.Storage.Ports.Scrubber.OpenAsync(digest);
        Assert.NotNull(file);
        await storage.PushBlobAsync(A, "blob");
        await storage.WriteOutAsync();

        Assert.Null(await file.QuarantineAsync());

        Assert.Equal(Samples.Text("blob"), await storage.Storage.Blobs.ReadAsync(digest));
    }

    [Fact]
    public async Task Reading_keeps_to_its_rate()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, Samples.Bytes(1, 10 * 1024 * 1024));
        var started = storage.Time.GetUtcNow();

        var pass = storage.CreateVerifier(1024 * 1024).VerifyAllAsync(isDryRun: false, default);
        await AdvanceUntilAsync(storage, () => pass.IsCompleted);

        Assert.True((await pass).IsClean);
        Assert.True(storage.Time.GetUtcNow() - started >= TimeSpan.FromSeconds(9));
    }

    private static async Task AdvanceUntilAsync(TestStorage storage, Func<bool> condition) => await Eventually.TrueAsync(() =>
    {
        storage.Time.Advance(TimeSpan.FromMilliseconds(50));
        return condition();
    });

    private static async Task<IReadOnlyList<Digest>> VisibleAsync(TestStorage storage, RepositoryName repository, Digest[] digests)
    {
        var visible = new List<Digest>();
        foreach (var digest in digests)
        {
            if (await storage.SeesBlobAsync(repository, digest) || await storage.GetAsync(repository, digest) is not null)
            {
                visible.Add(digest);
            }
        }

        Assert.Equal(visible.Contains(digests[^1]), await storage.GetAsync(repository, Latest) is not null);
        return visible;
    }

    private static async Task DamageAsync(TestStorage storage, Digest digest, string damage)
    {
        await storage.WriteOutAsync();
        var path = storage.Paths.BlobData(digest);
        var bytes = File.ReadAllBytes(path);
        if (damage == "removed")
        {
            File.Delete(path);
            return;
        }

        bytes[damage == "first byte" ? 0 : ^1] ^= 1;
        File.WriteAllBytes(path, damage switch
        {
            "shorter" => bytes[..^1],
            "longer" => [.. bytes, 0],
            "empty" => [],
            _ => bytes,
        });
    }
}
