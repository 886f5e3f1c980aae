using Microsoft.Extensions.Logging;
using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Collection;

/// <summary>Expiry of the children of a deleted index and of the referrers of a deleted subject.</summary>
public class ManifestExpiryTests
{
    private const int Grace = 60;
    private static readonly RepositoryName A = Samples.Repository("a");

    [Fact]
    public async Task A_deleted_index_frees_everything_that_only_it_held()
    {
        await using var storage = await TestStorage.CreateAsync();
        var (index, _) = await PushIndexAsync(storage, "multi");
        await storage.DeleteAsync(A, Samples.Digest(index));
        Assert.Equal(0, await storage.ExpireManifestsAfterAsync(Grace));
        Assert.Equal(2, await storage.ExpireManifestsAfterAsync(1));
        Assert.Equal((4, 4), await storage.CollectAfterAsync(Grace + 1));
        Assert.Empty(await storage.Storage.Blobs.ListStoredAsync());
        Assert.Equal(0, (await storage.Storage.ReadTotalsAsync()).Manifests);
    }

    [Fact]
    public async Task An_untagged_index_keeps_its_children()
    {
        await using var storage = await TestStorage.CreateAsync();
        var (index, children) = await PushIndexAsync(storage, "multi");
        await storage.PushImageAsync(A, "next", "multi");
        Assert.Equal(0, await storage.ExpireManifestsAfterAsync(1_000_000));
        Assert.Equal(index, await storage.GetAsync(A, Samples.Digest(index)));
        await AssertServedAsync(storage, children);
    }

    [Fact]
    public async Task A_child_that_a_client_was_told_exists_late_stays_for_another_grace_and_then_an_index_keeps_it()
    {
        await using var storage = await TestStorage.CreateAsync();
        var (index, children) = await PushIndexAsync(storage, "multi");
        await storage.DeleteAsync(A, Samples.Digest(index));
        storage.Time.Advance(TimeSpan.FromSeconds(Grace));

        // As every client does: ask for each child, push what is missing, then push the index.
        Assert.Null((await storage.Manifests.StatAsync(A, Samples.Digest(children[0]))).Error);
        Assert.NotNull(await storage.GetAsync(A, Samples.Digest(children[1])));
        Assert.Equal(0, await storage.ExpireManifestsAfterAsync(1));
        Assert.Equal(0, await storage.ExpireManifestsAfterAsync(Grace - 1));
        await storage.PutAsync(A, index, "multi");
        Assert.Equal(0, await storage.ExpireManifestsAfterAsync(1_000_000));
        await AssertServedAsync(storage, children);
    }

    [Fact]
    public async Task A_promise_is_kept_across_a_stop_and_a_kill()
    {
        await using var storage = await TestStorage.CreateAsync();
        var (index, children) = await PushIndexAsync(storage, "multi");
        await storage.DeleteAsync(A, Samples.Digest(index));
        storage.Time.Advance(TimeSpan.FromSeconds(Grace));
        Assert.Null((await storage.Manifests.StatAsync(A, Samples.Digest(children[0]))).Error);
        await storage.ReopenAsync();
        Assert.Equal(1, await storage.ExpireManifestsAfterAsync(1));

        storage.Time.Advance(TimeSpan.FromSeconds(Grace - 1));
        Assert.Null((await storage.Manifests.StatAsync(A, Samples.Digest(children[0]))).Error);
        await storage.ReopenAsync(cleanly: false);
        Assert.Equal(0, await storage.ExpireManifestsAfterAsync(Grace));
        Assert.Equal(0, await storage.ExpireManifestsAfterAsync(Grace - 1));
        Assert.Equal(1, await storage.ExpireManifestsAfterAsync(1));
    }

    [Fact]
    public async Task An_expired_manifest_is_gone_from_the_tree_the_log_says_so_and_a_push_brings_it_back()
    {
        await using var storage = await TestStorage.CreateAsync();
        var (index, children) = await PushIndexAsync(storage, "multi");
        await storage.DeleteAsync(A, Samples.Digest(index));
        Assert.Equal(2, await storage.ExpireManifestsAfterAsync(Grace + 1));
        Assert.Equal(2, storage.Log.Entries.Count(entry =>
            entry.Level == LogLevel.Information && entry.Message.Contains("expired in a", StringComparison.Ordinal)));
        await storage.PutAsync(A, children[0]);
        await storage.CloseAsync();
        Assert.True(Directory.Exists(storage.Paths.Revision(A, Samples.Digest(children[0]))));
        Assert.False(Directory.Exists(storage.Paths.Revision(A, Samples.Digest(children[1]))));
    }

    [Fact]
    public async Task More_than_half_of_all_manifests_does_not_expire_unless_an_operator_says_so()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "config");
        var children = Enumerable.Range(0, 501).Select(i => Samples.Image("config", [], note: $"{i}")).ToList();
        await Task.WhenAll(children.Select(child => storage.PutAsync(A, child)));
        await storage.DeleteAsync(A, await storage.PutAsync(A, Samples.Index(children.Select(child => Samples.Child(child)))));
        Assert.Equal(0, await storage.ExpireManifestsAfterAsync(Grace + 1));
        Assert.Contains(storage.Log.Entries, entry => entry.Message.Contains("would remove 501 of 501 manifests", StringComparison.Ordinal));
        Assert.Equal(501, (await storage.Collector.CollectAsync(default)).Manifests);
    }

    [Fact]
    public async Task What_was_stored_before_the_registry_recorded_it_stays_and_is_known_to_be_untagged()
    {
        await using var storage = await TestStorage.CreateAsync();
        var (index, _) = await PushIndexAsync(storage, "multi");
        var tagged = await storage.PushImageAsync(A, "tagged", "latest");
        var signature = Samples.Image("tagged config", [], Samples.Child(tagged), note: "signature");
        await storage.PutAsync(A, signature);
        var untagged = await storage.PushImageAsync(A, "untagged");
        await storage.CloseAsync();
        OldSchema.Revert(storage.Paths.Database, OldSchema.BeforeIdleManifests);

        await using var later = await TestStorage.CreateAsync(storage.Path, TimeSpan.FromSeconds(Grace));
        Assert.Equal(1, (await later.Storage.ReadTotalsAsync()).Untagged);
        var idle = Assert.Single(await later.Storage.CollectorMetadata.ListIdleManifestsAsync(IdleTimes.Any, withRoots: true, 10));
        Assert.Equal((Samples.Digest(untagged), true), (idle.Digest, idle.IsRoot));
        await later.DeleteAsync(A, Samples.Digest(index));
        await later.DeleteAsync(A, Samples.Digest(tagged));
        Assert.Equal(3, await later.ExpireManifestsAfterAsync(Grace + 1));
        Assert.Equal(1, (await later.Storage.ReadTotalsAsync()).Untagged);
    }

    private static async Task AssertServedAsync(TestStorage storage, byte[][] manifests)
    {
        foreach (var manifest in manifests)
        {
            Assert.Equal(manifest, await storage.GetAsync(A, Samples.Digest(manifest)));
        }
    }

    // An index of two images, each with two blobs.
    private static async Task<(byte[] Index, byte[][] Children)> PushIndexAsync(TestStorage storage, string tag)
    {
        byte[][] children = [await storage.PushImageAsync(A, $"{tag} amd64"), await storage.PushImageAsync(A, $"{tag} arm64")];
        var index = Samples.Index(children.Select(child => Samples.Child(child)));
        await storage.PutAsync(A, index, tag);
        return (index, children);
    }
}
