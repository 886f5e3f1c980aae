using System.Collections.Concurrent;

namespace Registry.Storage.Files.Tree;

/// <summary>Callers that wait until the tree has the changes of the time of their call.</summary>
internal sealed class TreeWaiters
{
    private readonly ConcurrentQueue<TaskCompletionSource<string?>> _new = new();
    private readonly List<TaskCompletionSource<string?>> _admitted = [];

    /// <summary>Adds a caller, at any time.</summary>
    /// <returns>Reason why the tree does not get the changes; null if it has them.</returns>
    public Task<string?> Add()
    {
        var waiter = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _new.Enqueue(waiter);
        return waiter.Task;
    }

    /// <summary>Admits the new callers, before the changes are read, so that those of each caller are among them.</summary>
    public void Admit()
    {
        while (_new.TryDequeue(out var waiter))
        {
            _admitted.Add(waiter);
        }
    }

    /// <summary>Answers the callers that were admitted.</summary>
    public void Answer(string? failure)
    {
        _admitted.ForEach(waiter => waiter.SetResult(failure));
        _admitted.Clear();
    }
}
