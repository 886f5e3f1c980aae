using Registry.Core.Oci;

namespace Registry.Storage.Postgres.Locks;

/// <summary>
/// Changes of one repository wait for each other in this process before they take a connection: otherwise those of a busy repository would hold all connections of
/// the pool while they wait for its lock.
/// </summary>
internal sealed class RepositoryTurns
{
    private readonly Dictionary<RepositoryName, Turn> _turns = [];

    /// <summary>Waits for the turn of a change.</summary>
    /// <returns>The turn, which ends when it is disposed.</returns>
    public async Task<IDisposable> TakeAsync(RepositoryName repository)
    {
        Turn turn;
        lock (_turns)
        {
            if (!_turns.TryGetValue(repository, out turn!))
            {
                turn = _turns[repository] = new Turn(this, repository);
            }

            turn.Users++;
        }

        await turn.Gate.WaitAsync();
        return turn;
    }

    private void End(Turn turn)
    {
        lock (_turns)
        {
            turn.Gate.Release();
            if (--turn.Users == 0)
            {
                _turns.Remove(turn.Repository);
                turn.Gate.Dispose();
            }
        }
    }

    private sealed class Turn(RepositoryTurns turns, RepositoryName repository) : IDisposable
    {
        public RepositoryName Repository => repository;

        public SemaphoreSlim Gate { get; } = new(1);

        public int Users { get; set; }

        public void Dispose() => turns.End(this);
    }
}
