using Registry.Storage.Contracts;
using Registry.Storage.Files.Blobs;

namespace Registry.Storage.Files.Tests.Blobs;

public class DigestLocksTests
{
    [Fact]
    public async Task One_at_a_time_holds_a_digest()
    {
        var locks = new DigestLocks();
        var digests = Enumerable.Range(0, 8).Select(i => Samples.Digest($"{i}")).ToArray();
        var inside = new int[digests.Length];
        await Task.WhenAll(Enumerable.Range(0, 400).Select(i => Task.Run(async () =>
        {
            var index = i % digests.Length;
            await using var holder = await locks.AcquireAsync(digests[index]);
            Assert.Equal(1, Interlocked.Increment(ref inside[index]));
            await Task.Yield();
            Interlocked.Decrement(ref inside[index]);
        })));
    }

    [Fact]
    public async Task Who_stops_waiting_does_not_get_in_later()
    {
        var locks = new DigestLocks();
        var digest = Samples.Digest("x");
        using var cancel = new CancellationTokenSource();
        var holder = await locks.AcquireAsync(digest);
        var waiting = locks.AcquireAsync(digest, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await holder.DisposeAsync();
        await (await locks.AcquireAsync(digest)).DisposeAsync();
    }
}
