using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Events.Tests;

/// <summary>A real feed, whose reads a test may divide, delay or fail.</summary>
/// <param name="feed">The feed.</param>
internal sealed class HookedFeed(IChangeFeed feed) : IChangeFeed
{
    public event Action? Recorded
    {
        add => feed.Recorded += value;
        remove => feed.Recorded -= value;
    }

    /// <summary>Reads in place of the feed, with the position and the limit; null to read it as it is.</summary>
    public Func<long, int, Task<IReadOnlyList<RegistryChange>>>? Instead { get; set; }

    public Task<long> FindEpochAsync() => feed.FindEpochAsync();

    public Task BeginEpochAsync() => feed.BeginEpochAsync();

    public Task<long> FindPositionAsync(string consumer) => feed.FindPositionAsync(consumer);

    public Task<long> FindEndAsync() => feed.FindEndAsync();

    public Task<IReadOnlyList<RegistryChange>> ReadAsync(long after, int limit) => Instead is { } instead ? instead(after, limit) : feed.ReadAsync(after, limit);

    public Task<IReadOnlyList<RegistryChange>> ReadAsync(IReadOnlyCollection<RepositoryName> repositories, long after, long upTo, int limit) =>
        feed.ReadAsync(repositories, after, upTo, limit);

    public Task<IReadOnlyDictionary<RepositoryName, long>> FindHeldAsync(string consumer) => feed.FindHeldAsync(consumer);

    public Task AcknowledgeAsync(string consumer, long position, IReadOnlyDictionary<RepositoryName, long>? held = null, bool isDurable = false) =>
        feed.AcknowledgeAsync(consumer, position, held, isDurable);

    public Task<long> FindLostAsync() => feed.FindLostAsync();

    public Task TrimAsync() => feed.TrimAsync();
}
