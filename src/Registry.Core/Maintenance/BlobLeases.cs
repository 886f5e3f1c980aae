using System.Collections.Concurrent;
using Registry.Core.Oci;

namespace Registry.Core.Maintenance;

/// <summary>
/// Promises made to clients that asked whether a blob or manifest exists: told "yes", they do not push it, so it must not expire before the
/// manifest that needs it arrives. Promises live in memory and reach the metadata in batches.
/// </summary>
public sealed class BlobLeases
{
    private ConcurrentDictionary<Digest, byte> _promised = new();
    private TaskCompletionSource? _expiring;
    private long _epoch;

    /// <summary>
    /// Asks for a blob or manifest, and promises it when it is there. An expiry that is under way is waited for, so an answer is never given
    /// about what is on its way out.
    /// </summary>
    /// <param name="state">What <paramref name="find"/> needs.</param>
    /// <param name="find">Asks the metadata: null when it is not there.</param>
    /// <param name="digest">The blob or manifest.</param>
    public async ValueTask<T> FindAndPromiseAsync<TState, T>(TState state, Func<TState, Task<T>> find, Digest digest)
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

    /// <summary>Whether a digest has been promised since the promises were last taken.</summary>
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

    /// <summary>Runs an expiry of links or manifests: answers begun before it are asked again, and new ones wait for it.</summary>
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
