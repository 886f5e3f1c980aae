using System.Collections.Concurrent;

namespace Registry.Mirror.Upstreams;

/// <summary>Makes a call once for all who want its result at the same time. It goes on when they leave.</summary>
internal sealed class SharedCalls<TKey, TResult>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Lazy<Task<TResult>>> _calls = new();

    /// <summary>Waits for the call of a key, which begins with the first.</summary>
    public Task<TResult> RunAsync(TKey key, Func<Task<TResult>> call, CancellationToken cancellationToken)
    {
        var shared = _calls.GetOrAdd(key, _ => new Lazy<Task<TResult>>(() => RunOnceAsync(key, call)));
        return shared.Value.WaitAsync(cancellationToken);
    }

    private async Task<TResult> RunOnceAsync(TKey key, Func<Task<TResult>> call)
    {
        // The caller's thread, and what it holds, is not that of the others.
        await Task.Yield();
        try
        {
            return await call();
        }
        finally
        {
            _calls.TryRemove(key, out _);
        }
    }
}
