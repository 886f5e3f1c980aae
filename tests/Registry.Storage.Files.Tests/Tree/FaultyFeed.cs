using System.Collections.Concurrent;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Storage.Files.Tests.Tree;

/// <summary>Feed in memory whose calls can fail.</summary>
internal sealed class FaultyFeed : IChangeFeed
{
    private readonly ConcurrentQueue<RegistryChange> _changes = new();
    private Exception? _fault;
    private long _position;

    public event Action? Recorded;

    public Exception? Fault
    {
        set => Volatile.Write(ref _fault, value);
    }

    /// <summary>The handlers at the moment, as a commit takes them before it calls them.</summary>
    public Action? Handlers => Recorded;

    /// <summary>Number of times that the changes of held repositories were read, beyond the first of each.</summary>
    public int Passes { get; private set; }

    /// <summary>Number of times that it was trimmed.</summary>
    public int Trims { get; private set; }

    /// <summary>Position of the last change that is no longer recorded.</summary>
    public long Lost { get; init; }

    /// <summary>Repositories that an earlier start has left behind the position, and how far they got.</summary>
    public IReadOnlyDictionary<RepositoryName, long> Held { get; init; } = new Dictionary<RepositoryName, long>();

    /// <summary>Position up to which an earlier start got.</summary>
    public long Position
    {
        get => Volatile.Read(ref _position);
        init => _position = value;
    }

    public bool IsPassed => Position == _changes.Count;

    /// <summary>Adds a link to a blob.</summary>
    public void Add(RepositoryName repository, string blob = "x") => Add(ChangeKind.BlobLinked, repository, Samples.Digest(blob), newName: null);

    /// <summary>Adds a rename.</summary>
    public void Rename(RepositoryName repository, RepositoryName newName) => Add(ChangeKind.RepositoryRenamed, repository, digest: null, newName);

    /// <summary>Positions that were to survive a power cut.</summary>
    public ConcurrentQueue<long> Durable { get; } = new();

    public void Wake() => Recorded?.Invoke();

    public Task<long> FindPositionAsync(string consumer) => Task.FromResult(Position);

    public Task<long> FindEpochAsync() => Task.FromResult(0L);

    public Task BeginEpochAsync() => Task.CompletedTask;

    public Task<long> FindEndAsync() => Task.FromResult(_changes.IsEmpty ? 0 : _changes.Last().Sequence);

    public Task<IReadOnlyList<RegistryChange>> ReadAsync(long after, int limit) => Volatile.Read(ref _fault) is { } fault
        ? throw fault
        : Task.FromResult<IReadOnlyList<RegistryChange>>([.. _changes.Where(change => change.Sequence > after).Take(limit)]);

    public Task<IReadOnlyList<RegistryChange>> ReadAsync(IReadOnlyCollection<RepositoryName> repositories, long after, long upTo, int limit)
    {
        Passes += limit > 1 ? 1 : 0;
        return Task.FromResult<IReadOnlyList<RegistryChange>>(
            [.. _changes.Where(change => repositories.Contains(change.Repository) && change.Sequence > after && change.Sequence <= upTo).Take(limit)]);
    }

    public Task<long> FindLostAsync() => Task.FromResult(Lost);

    public Task TrimAsync()
    {
        Trims++;
        return Task.CompletedTask;
    }

    public Task<IReadOnlyDictionary<RepositoryName, long>> FindHeldAsync(string consumer) => Task.FromResult(Held);

    public Task AcknowledgeAsync(string consumer, long position, IReadOnlyDictionary<RepositoryName, long>? held = null, bool isDurable = false)
    {
        Volatile.Write(ref _position, position);
        if (isDurable)
        {
            Durable.Enqueue(position);
        }

        return Task.CompletedTask;
    }

    private void Add(ChangeKind kind, RepositoryName repository, Digest? digest, RepositoryName? newName)
    {
        _changes.Enqueue(new RegistryChange
        {
            Sequence = _changes.Count + 1,
            Kind = kind,
            Time = DateTimeOffset.UnixEpoch,
            Origin = ContractOrigin.Request,
            Repository = repository,
            Digest = digest,
            NewName = newName,
        });
        Wake();
    }
}
