using System.Threading.Channels;
using Registry.Core.Changes;

namespace Registry.Core.Activity;

/// <summary>Reader of what happens.</summary>
public sealed class ActivityReader : IDisposable
{
    private readonly Channel<RegistryChange> _changes;
    private readonly Action<ActivityReader> _close;

    internal ActivityReader(long position, int maxBehind, Action<ActivityReader> close)
    {
        Position = position;
        _changes = Channel.CreateBounded<RegistryChange>(maxBehind);
        _close = close;
    }

    /// <summary>What has happened and was not read, in the order of the feed. It is complete when the reader was too slow, and when the registry stops.</summary>
    public ChannelReader<RegistryChange> Changes => _changes.Reader;

    /// <summary>Position in the feed up to which the reader has got all changes.</summary>
    internal long Position { get; private set; }

    /// <summary>Ends the reader.</summary>
    public void Dispose()
    {
        End();
        _close(this);
    }

    internal void End() => _changes.Writer.TryComplete();

    // False if the reader is too slow, which ends it.
    internal bool TryPass(IReadOnlyList<RegistryChange> changes)
    {
        foreach (var change in changes)
        {
            if (change.Sequence <= Position)
            {
                continue;
            }

            Position = change.Sequence;
            if (change.IsHistory && !_changes.Writer.TryWrite(change))
            {
                End();
                return false;
            }
        }

        return true;
    }
}
