using System.Runtime.CompilerServices;
using Registry.Core.Fairness;

namespace Registry.Server.Transport;

/// <summary>
/// Turns of work that keeps a processor busy for long: parts of large files that are sent, and handshakes of TLS. The queue of the thread pool holds at most as
/// many of them as run at once, and the networks of their clients take turns: however many there are, a small request waits for a few of them at each of its
/// steps, instead of for all.
/// </summary>
/// <param name="atOnce">Number of turns that run at once, at least 1.</param>
internal sealed class ProcessorTurns(int atOnce) : IThreadPoolWorkItem
{
    private readonly Lock _lock = new();
    private readonly TurnQueue<Action> _waiting = new();
    private int _running;

    /// <summary>Waits for the next turn of a network.</summary>
    public Turn NextAsync(ClientNetwork network) => new(this, network);

    void IThreadPoolWorkItem.Execute()
    {
        Action? turn;
        lock (_lock)
        {
            if (!_waiting.TryTake(out turn))
            {
                _running--;
                return;
            }
        }

        // It ends where the connection waits: for its peer, or for another turn. The next one is behind all that waits for a thread by now.
        turn();
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private void Add(ClientNetwork network, Action turn)
    {
        lock (_lock)
        {
            _waiting.Add(network, turn);
            if (_running == atOnce)
            {
                return;
            }

            _running++;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>A turn that is awaited.</summary>
    internal readonly struct Turn(ProcessorTurns turns, ClientNetwork network) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public Turn GetAwaiter() => this;

        public void GetResult()
        {
            // Its turn has come.
        }

        public void OnCompleted(Action continuation) => turns.Add(network, continuation);

        public void UnsafeOnCompleted(Action continuation) => turns.Add(network, continuation);
    }
}
