using System.Collections.Concurrent;
using Registry.Core.Oci;

namespace Registry.Core.Maintenance;

/// <summary>
/// Promises made to clients that asked whether a blob exists: told "yes", they do not upload it, so it must not expire before their manifest
/// arrives. Promises live in memory and reach the metadata in batches.
/// </summary>
public sealed class BlobLeases
{
    private ConcurrentDictionary<Digest, byte> _promised = new();
    private TaskCompletionSource? _expiring;
    private long _epoch;

    /// <summary>
    /// Asks whether a blob can be seen, and promises it if so. Whatever expires links meanwhile is waited for, so an answer is never given
    /// about a link that is on its way out.
    /// </summary>
    /// <param name="state">What <paramref name="find"/> needs.</param>
    /// <param name="find">Asks the metadata: the size of the blob, or null.</param>
    /// <param name="digest">The blob.</param>
    public async ValueTask<long?> FindAndPromiseAsync<TState>(TState state, Func<TState, Task<long?>> find, Digest digest)
    {
        ArgumentNullException.ThrowIfNull(find);
        while (true)
        {
            // In this order: an expiry that begins after the epoch was read changes it, one that began before shows here.
            var epoch = Volatile.Read(ref _epoch);
            if (Volatile.Read(ref _expiring) is { } expiring)
            {
                await expiring.Task;
                continue;
            }

            var size = await find(state);
            if (size is null)
            {
                return null;
            }

            Promise(digest);
            Interlocked.MemoryBarrier();
            if (Volatile.Read(ref _epoch) == epoch)
            {
                return size;
            }
        }
    }

    /// <summary>Whether a blob has been promised since the promises were last taken.</summary>
    public bool IsPromised(Digest digest) => Volatile.Read(ref _promised).ContainsKey(digest);

    /// <summary>Takes the promises made so far, to be written to the metadata.</summary>
    internal IReadOnlyCollection<Digest> Take() => [.. Interlocked.Exchange(ref _promised, new()).Keys];

    /// <summary>Puts promises back that could not be written.</summary>
    internal void Restore(IEnumerable<Digest> digests)
    {
        foreach (var digest in digests)
        {
            Promise(digest);
        }
    }

    /// <summary>Runs something that expires links: answers begun before it are asked again, and new ones wait for it.</summary>
    internal async Task<T> ExpireAsync<T>(Func<Task<T>> expire)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _expiring, done);
        Interlocked.Increment(ref _epoch);
        try
        {
            return await expire();
        }
        finally
        {
            Volatile.Write(ref _expiring, null);
            done.SetResult();
        }
    }

    private void Promise(Digest digest)
    {
        // A promise must not land in a set that has just been taken away.
        while (true)
        {
            var promised = Volatile.Read(ref _promised);
            if (!promised.ContainsKey(digest))
            {
                promised[digest] = 0;
            }

            if (ReferenceEquals(promised, Volatile.Read(ref _promised)))
            {
                return;
            }
        }
    }
}
