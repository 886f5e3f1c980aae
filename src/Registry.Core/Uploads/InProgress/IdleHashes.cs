namespace Registry.Core.Uploads.InProgress;

/// <summary>
/// Limits the number of idle uploads that keep the state of their hash. Each state takes a few hundred bytes of native memory; beyond the
/// limit, an upload is hashed again from its file.
/// </summary>
internal sealed class IdleHashes
{
    private const int Limit = 4096;

    private int _count;

    public bool TryAdd()
    {
        if (Interlocked.Increment(ref _count) <= Limit)
        {
            return true;
        }

        Remove();
        return false;
    }

    public void Remove() => Interlocked.Decrement(ref _count);
}
