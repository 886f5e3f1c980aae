using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Caching;

/// <summary>
/// Caches the results of one kind of lookup in a repository, each while its stamp stays the same. Negative results are not cached: requests for
/// content that does not exist could otherwise evict the rest.
/// </summary>
/// <typeparam name="T">Type of the result; null if it does not exist.</typeparam>
/// <remarks>A result is cached as the finished task that callers get, so returning it again allocates nothing.</remarks>
internal sealed class StampedAnswers<T>(long maxBytes, int maxEntries, StorageMetrics? metrics)
{
    // Size of a task, its result and the nodes that hold them, without the text of the key.
    private const int Overhead = 600;

    private readonly BoundedCache<Question, Answer> _cache = new(maxBytes, maxEntries);

    /// <summary>Number of cached results, including those that are no longer valid.</summary>
    public int Count => _cache.Count;

    /// <summary>Returns a cached result, or looks it up.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="about">Tag or digest in the repository.</param>
    /// <param name="stamp">Stamp of the result now, from <see cref="ChangeStamps"/>.</param>
    /// <param name="state">Argument of <paramref name="ask"/>.</param>
    /// <param name="ask">Looks it up in the store.</param>
    public Task<T> FindAsync<TState>(RepositoryName repository, string about, long stamp, TState state, Func<TState, Task<T>> ask)
    {
        var question = new Question(repository.Value, about);
        if (_cache.Find(question) is { } known && known.Stamp == stamp)
        {
            metrics?.LookedUpMetadata(isHit: true);
            return known.Task;
        }

        metrics?.LookedUpMetadata(isHit: false);
        return ChangeStamps.IsQuiet(stamp) ? AskAsync(question, stamp, ask(state)) : ask(state);
    }

    private async Task<T> AskAsync(Question question, long stamp, Task<T> asked)
    {
        var answer = await asked;
        if (answer is not null)
        {
            // If a change has begun meanwhile, the stamp is already outdated, and the result is never returned.
            _cache.Set(question, new Answer(stamp, asked), Overhead + (2L * (question.Repository.Length + question.About.Length)));
        }

        return answer;
    }

    private readonly record struct Question(string Repository, string About);

    private sealed record Answer(long Stamp, Task<T> Task);
}
