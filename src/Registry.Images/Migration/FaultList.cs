namespace Registry.Images.Migration;

/// <summary>Faults of a move, or differences between its ends: all are counted, and the first are kept. Safe for concurrent use.</summary>
internal sealed class FaultList
{
    /// <summary>Number of faults that are kept.</summary>
    public const int MaxKept = 100;

    private readonly Lock _lock = new();
    private readonly List<string> _kept = [];

    /// <summary>Number of all faults.</summary>
    public long Count { get; private set; }

    /// <summary>The first of them, in the order of their texts.</summary>
    public IReadOnlyList<string> Kept => [.. _kept.Order(StringComparer.Ordinal)];

    /// <summary>Adds a fault.</summary>
    /// <param name="fault">A clause for people that begins with what is at fault.</param>
    public void Add(string fault)
    {
        lock (_lock)
        {
            Count++;
            if (_kept.Count < MaxKept)
            {
                _kept.Add(fault);
            }
        }
    }
}
