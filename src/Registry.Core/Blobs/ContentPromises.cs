using System.Collections.Concurrent;
using Registry.Core.Oci;

namespace Registry.Core.Blobs;

/// <summary>
/// Promises for clients that asked whether a blob or manifest exists: after a "yes" they do not push it, so it must not expire before the
/// manifest that needs it arrives. They are kept in memory and written to the metadata in batches.
/// </summary>
public sealed class ContentPromises
{
    private ConcurrentDictionary<Digest, byte> _promised = new();
    private TaskCompletionSource? _expiring;
    private long _epoch;

    /// <summary>
    /// Looks up a blob or manifest, and promises to keep it if it exists. Waits for an expiry in progress, so that the result is never about
    /// content that is being removed.
    /// </summary>
    /// <param name="state">Argument of <paramref name="find"/>.</param>
    /// <param name="find">Looks it up in the metadata; null if it does not exist.</param>
    /// <param name="digest">The blob or manifest.</param>
    public async ValueTask<T> FindAndPromiseAsync<TState, T>(TState state, Func<TState, Task<T>> find, Digest digest)
    {
        ArgumentNullException.ThrowIfNull(find);
        while (true)
        {
            // The order matters: an expiry that begins after the epoch was read changes the epoch; one that began before is seen here.
            var epoch = Volatile.Read(ref _epoch);
            if (Volatile.Read(ref _expiring) is { } expiring)
            {
                await expiring.Task;
                continue;
            }

            var found = await find(state);
            if (found is null)
            {
                return found;
            }

            Promise(digest);
            Interlocked.MemoryBarrier();
            if (Volatile.Read(ref _epoch) == epoch)
            {
                return found;
            }
        }
    }

    /// <summary>True if a digest was promised since the promises were last taken.</summary>
    public bool IsPromised(Digest digest) => Volatile.Read(ref _promised).ContainsKey(digest);

    /// <summary>Takes the promises made so far, to write them to the metadata.</summary>
    internal IReadOnlyCollection<Digest> Take() => [.. Interlocked.Exchange(ref _promised, new()).Keys];

    /// <summary>Puts back promises that could not be written.</summary>
    internal void Restore(IEnumerable<Digest> digests)
    {
        foreach (var digest in digests)
        {
            Promise(digest);
        }
    }

    /// <summary>Runs an expiry of links or manifests. Lookups begun before it are repeated, and new ones wait for it.</summary>
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
        // A promise must not be added to a set that has just been taken.
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
