using System.Collections.Concurrent;

namespace Registry.Torture.Sieges;

/// <summary>Promises that were not kept during an attack, by kind, so that a run reports all of them.</summary>
internal sealed class Findings
{
    private readonly ConcurrentDictionary<string, (int Count, string First)> _found = new(StringComparer.Ordinal);

    /// <summary>Records one.</summary>
    /// <param name="kind">The promise.</param>
    /// <param name="detail">What happened instead.</param>
    public void Add(string kind, string detail) => _found.AddOrUpdate(kind, (1, detail), (_, before) => (before.Count + 1, before.First));

    /// <summary>Fails if there are any.</summary>
    /// <exception cref="ViolationException">There are.</exception>
    public void ThrowIfAny(string output)
    {
        if (!_found.IsEmpty)
        {
            throw new ViolationException($"{string.Join('\n', _found.Select(one => $"{one.Key}, {one.Value.Count} times, first: {one.Value.First}"))}\n{output}");
        }
    }
}
