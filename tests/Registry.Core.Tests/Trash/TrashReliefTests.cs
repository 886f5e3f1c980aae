using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Trash;

/// <summary>The trash makes room on a full disk: the oldest deletions first, and no more than is needed.</summary>
public sealed class TrashReliefTests : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");

    private readonly TestStorage _storage = new(trash: TimeSpan.FromDays(7));

    public ValueTask DisposeAsync() => _storage.DisposeAsync();

    [Fact]
    public async Task The_oldest_go_first_and_their_bytes_at_once_and_the_rest_stays()
    {
        var deleted = await DeleteAsync(25);
        var measured = 0;

        // Short until eleven of them are gone, which the second batch does.
        await _storage.Core.TrashRelief.RunAsync(
            async () =>
            {
                measured++;
                return (await LeftAsync()).Count > 14;
            },
            default);

        Assert.Equal(deleted[20..], await LeftAsync());
        Assert.True(measured < 10);
        foreach (var (index, digest) in deleted.Index())
        {
            Assert.Equal(index >= 20, await _storage.Storage.Blobs.StatAsync(digest) is not null);
            Assert.Equal(index >= 20, await _storage.Storage.Blobs.StatAsync(Samples.Digest($"image {index} layer")) is not null);
        }

        Assert.Contains(_storage.Log.Entries, entry => entry.Message.StartsWith(
            "The disk is full up to its reserve, so 10 deleted manifests were removed from the trash before their time, the oldest deleted at ", StringComparison.Ordinal));
        Assert.Contains(_storage.Log.Entries, entry => entry.Message == $"Removed from the trash before its time: a@{deleted[0]}");
    }

    [Fact]
    public async Task With_room_enough_nothing_goes()
    {
        var deleted = await DeleteAsync(3);
        await _storage.Core.TrashRelief.RunAsync(() => Task.FromResult(false), default);
        Assert.Equal(deleted, await LeftAsync());
    }

    [Fact]
    public async Task An_empty_trash_ends_the_work_and_live_images_stay()
    {
        await DeleteAsync(3);
        var live = await _storage.PushImageAsync(B, "live", "latest");

        await _storage.Core.TrashRelief.RunAsync(() => Task.FromResult(true), default);

        Assert.Empty(await LeftAsync());
        Assert.Equal(live, await _storage.GetAsync(B, Samples.Digest(live)));
        Assert.True(await _storage.SeesBlobAsync(B, Samples.Digest("live layer")));
    }

    [Fact]
    public async Task While_nothing_can_be_collected_the_trash_stays()
    {
        await _storage.Indexer.RunAsync(default);
        await _storage.PushBlobAsync(B, "waits");
        Assert.Null((await _storage.Blobs.DeleteAsync(B, Samples.Digest("waits"), ContractOrigin.Request)).Error);
        var deleted = await DeleteAsync(3);
        _storage.Core.Pause.ExtendTo(_storage.Storage.Clock.Now + 1000);

        await _storage.Core.TrashRelief.RunAsync(() => Task.FromResult(true), default);

        Assert.Equal(deleted, await LeftAsync());
    }

    // The deleted manifests, the oldest deletion first.
    private async Task<List<Digest>> DeleteAsync(int count)
    {
        await _storage.Indexer.RunAsync(default);
        var deleted = new List<Digest>();
        for (var i = 0; i < count; i++)
        {
            var image = await _storage.PushImageAsync(A, $"image {i}", $"t{i}");
            deleted.Add(Samples.Digest(image));
            await _storage.DeleteAsync(A, deleted[^1]);
        }

        return deleted;
    }

    private async Task<List<Digest>> LeftAsync() =>
        (await _storage.Storage.Ports.Trash.ListOldestAsync(100)).Select(entry => entry.Digest).ToList();
}
