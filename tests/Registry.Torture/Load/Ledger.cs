using System.Collections.Concurrent;
using System.Diagnostics;

namespace Registry.Torture.Load;

/// <summary>
/// Answers to clients, by path: the digest that a GET must bring, or <see cref="Absent"/>. After a change without an answer, both the old and
/// the new state are possible until a GET decides.
/// </summary>
internal sealed class Ledger
{
    /// <summary>A GET must be answered with 404.</summary>
    public const string Absent = "nothing";

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _late = new(StringComparer.Ordinal);
    private volatile bool _isPowerFailing;
    private int _lateAnswers;
    private int _lateLost;

    private readonly TimeSpan? _promise;

    /// <summary>Creates a ledger.</summary>
    /// <param name="promise">
    /// Time for which a blob stays after its last answer, whether or not a manifest needs it; those that one needs are checked with it. Null if the grace period is longer than the scenario.
    /// </param>
    public Ledger(TimeSpan? promise = null) => _promise = promise;

    private Ledger(IEnumerable<KeyValuePair<string, Entry>> entries, TimeSpan? promise)
        : this(promise) => _entries = new(entries, StringComparer.Ordinal);

    public IReadOnlyCollection<string> Paths => [.. _entries.Keys];

    /// <summary>
    /// True while the power is failing. An answer from then on would not have left the machine, so it promises nothing.
    /// </summary>
    public bool IsPowerFailing
    {
        get => _isPowerFailing;
        set => _isPowerFailing = value;
    }

    /// <summary>Number of changes acknowledged while the power failed.</summary>
    public int LateAnswers => _lateAnswers;

    /// <summary>Number of these that were lost.</summary>
    public int LateLost => _lateLost;

    /// <summary>Copies the ledger.</summary>
    public Ledger Copy() => new(_entries, _promise);

    /// <summary>Records that a change is about to be sent.</summary>
    public void Begin(string path, string value) => _entries.AddOrUpdate(
        path,
        static (_, value) => new Entry([Absent, value], [Absent]),
        static (_, entry, value) => entry with { Possible = [.. entry.Possible.Union([value])], Before = entry.Possible },
        value);

    /// <summary>Records that a change was acknowledged, or its outcome was seen.</summary>
    public void Confirm(string path, string value) => _entries[path] = new Entry([value], [value]) { At = Stopwatch.GetTimestamp() };

    /// <summary>Records that a change was refused: it must have no effect.</summary>
    public void Refuse(string path) => _entries[path] = _entries[path] with { Possible = _entries[path].Before };

    /// <summary>Records that a change was acknowledged while the power failed: it stays in doubt.</summary>
    public void ConfirmLate(string path, string value) => _late[path] = value;

    /// <summary>Records that content may exist or not from now on, and go at any time, such as a blob that no manifest needs.</summary>
    public void Loosen(string path, string value) => _entries[path] = new Entry([Absent, value], [Absent, value], MayGo: true);

    /// <summary>Removes entries of deleted content, and blobs other than those of the manifests, so that the ledger does not grow.</summary>
    public void Trim()
    {
        foreach (var (path, entry) in _entries)
        {
            if (entry.Possible is [Absent] || IsBlob(path))
            {
                _entries.TryRemove(path, out _);
            }
        }
    }

    /// <summary>Removes all blobs: those that no manifest needs may be collected from now on, and the manifests name the others.</summary>
    public void ForgetBlobs()
    {
        foreach (var path in _entries.Keys.Where(IsBlob))
        {
            _entries.TryRemove(path, out _);
        }
    }

    /// <summary>Removes a path: what it holds is checked otherwise.</summary>
    public void Forget(string path) => _entries.TryRemove(path, out _);

    /// <summary>Content that certainly exists; null when none does, or it is unknown.</summary>
    public string? Find(string path) => _entries.TryGetValue(path, out var entry) && entry.Possible is [not Absent] ? entry.Possible[0] : null;

    /// <summary>Paths under a prefix with certain content.</summary>
    public IReadOnlyList<string> Holding(string prefix, string value) =>
        [.. _entries.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal) && entry.Value.Possible is [var held] && held == value).Select(entry => entry.Key)];

    /// <summary>Compares the content of a GET with the promised one.</summary>
    /// <exception cref="ViolationException">The content differs.</exception>
    public void Observe(string path, string found)
    {
        var possible = _entries.TryGetValue(path, out var entry) ? entry.Possible : [Absent];
        if (!possible.Contains(found) && !(found == Absent && MayBeCollected(path, entry)))
        {
            throw new ViolationException($"{path} holds {found}, and must hold {string.Join(" or ", possible)}");
        }

        if (entry is not { MayGo: true } || found == Absent)
        {
            Confirm(path, found);
        }

        if (_late.TryRemove(path, out var late))
        {
            Interlocked.Increment(ref _lateAnswers);
            Interlocked.Add(ref _lateLost, found == late ? 0 : 1);
        }
    }

    // On a machine with much other load, the check can come later than the end of the grace period.
    private bool MayBeCollected(string path, Entry? entry) =>
        _promise is { } promise && entry is not null && IsBlob(path) && Stopwatch.GetElapsedTime(entry.At) > promise;

    private static bool IsBlob(string path) => path.Contains("/blobs/", StringComparison.Ordinal);

    private sealed record Entry(string[] Possible, string[] Before, bool MayGo = false)
    {
        // Time of the answer; 0 if there was none.
        public long At { get; init; }
    }
}
