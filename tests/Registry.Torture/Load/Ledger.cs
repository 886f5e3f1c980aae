using System.Collections.Concurrent;

namespace Registry.Torture.Load;

/// <summary>
/// What clients were told, by path: the digest of what a GET must bring, or <see cref="Absent"/>. A change that was sent and not answered leaves
/// both what was and what would be possible, until somebody looks.
/// </summary>
internal sealed class Ledger
{
    /// <summary>A GET must be answered with 404.</summary>
    public const string Absent = "nothing";

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public Ledger()
    {
    }

    private Ledger(IEnumerable<KeyValuePair<string, Entry>> entries) => _entries = new(entries, StringComparer.Ordinal);

    public IReadOnlyCollection<string> Paths => [.. _entries.Keys];

    /// <summary>The same, to go on with separately.</summary>
    public Ledger Copy() => new(_entries);

    /// <summary>A change is about to be sent.</summary>
    public void Begin(string path, string value) => _entries.AddOrUpdate(
        path,
        static (_, value) => new Entry([Absent, value], [Absent]),
        static (_, entry, value) => new Entry([.. entry.Possible.Union([value])], entry.Possible),
        value);

    /// <summary>A change was acknowledged, or its outcome was seen.</summary>
    public void Confirm(string path, string value) => _entries[path] = new Entry([value], [value]);

    /// <summary>A change was refused: it must not have happened.</summary>
    public void Refuse(string path) => _entries[path] = new Entry(_entries[path].Before, _entries[path].Before);

    /// <summary>Something may be there or not from now on, such as a blob that no manifest needs.</summary>
    public void Loosen(string path, string value) => _entries[path] = new Entry([Absent, value], [Absent, value]);

    /// <summary>Forgets what is known to be gone, and blobs apart from those of the manifests, so that the ledger does not grow.</summary>
    public void Trim()
    {
        foreach (var (path, entry) in _entries)
        {
            if (entry.Possible is [Absent] || path.Contains("/blobs/", StringComparison.Ordinal))
            {
                _entries.TryRemove(path, out _);
            }
        }
    }

    /// <summary>What is there for certain; null when nothing is, or nobody knows.</summary>
    public string? Find(string path) => _entries.TryGetValue(path, out var entry) && entry.Possible is [not Absent] ? entry.Possible[0] : null;

    /// <summary>The paths under a prefix that hold a value for certain.</summary>
    public IReadOnlyList<string> Holding(string prefix, string value) =>
        [.. _entries.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal) && entry.Value.Possible is [var held] && held == value).Select(entry => entry.Key)];

    /// <summary>Compares what a GET has brought with what was promised.</summary>
    /// <exception cref="ViolationException">It is something else.</exception>
    public void Observe(string path, string found)
    {
        var possible = _entries.TryGetValue(path, out var entry) ? entry.Possible : [Absent];
        if (!possible.Contains(found))
        {
            throw new ViolationException($"{path} holds {found}, and must hold {string.Join(" or ", possible)}");
        }

        Confirm(path, found);
    }

    private sealed record Entry(string[] Possible, string[] Before);
}
