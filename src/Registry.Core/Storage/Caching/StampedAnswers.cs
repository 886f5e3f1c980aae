using Registry.Core.Oci;

namespace Registry.Core.Storage.Caching;

/// <summary>
/// Answers to one kind of question about a repository, each kept for as long as its stamp says that it holds. That something is not there
/// is not kept: whoever asks for what does not exist could push out what does.
/// </summary>
/// <typeparam name="T">The answer; null when something is not there.</typeparam>
/// <remarks>An answer is kept as the finished task that it was given as, so giving it again allocates nothing.</remarks>
internal sealed class StampedAnswers<T>(ChangeStamps stamps, long maxBytes, int maxEntries)
{
    // What a task, its result and the nodes that hold them take beside the text of the key.
    private const int Overhead = 600;

    private readonly BoundedCache<Question, Answer> _cache = new(maxBytes, maxEntries);

    /// <summary>How many answers are kept, those that no longer hold included.</summary>
    public int Count => _cache.Count;

    /// <summary>Answers from memory, or asks.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="about">What of it: a tag or a digest.</param>
    /// <param name="subject">The hash code under which changes of this answer are stamped.</param>
    /// <param name="state">What <paramref name="ask"/> needs.</param>
    /// <param name="ask">Asks the store.</param>
    public Task<T> FindAsync<TState>(RepositoryName repository, string about, int subject, TState state, Func<TState, Task<T>> ask)
    {
        var stamp = stamps.Read(subject);
        var question = new Question(repository.Value, about);
        if (_cache.Find(question) is { } known && known.Stamp == stamp)
        {
            StorageMetrics.LookedUpMetadata(isHit: true);
            return known.Task;
        }

        StorageMetrics.LookedUpMetadata(isHit: false);
        return ChangeStamps.IsQuiet(stamp) ? AskAsync(question, stamp, ask(state)) : ask(state);
    }

    private async Task<T> AskAsync(Question question, long stamp, Task<T> asked)
    {
        var answer = await asked;
        if (answer is not null)
        {
            // Should a change have begun meanwhile, the stamp is outdated already, and the answer is never given.
            _cache.Set(question, new Answer(stamp, asked), Overhead + (2L * (question.Repository.Length + question.About.Length)));
        }

        return answer;
    }

    private readonly record struct Question(string Repository, string About);

    private sealed record Answer(long Stamp, Task<T> Task);
}
