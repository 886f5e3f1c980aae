using Registry.Core.Oci;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>Expected history of the tags of a repository, and the manifests that were removed from it.</summary>
/// <param name="time">The wall clock, which goes back with each start.</param>
internal sealed class ModelTagHistory(Func<DateTimeOffset> time)
{
    private readonly Dictionary<string, List<Change>> _changes = new(StringComparer.Ordinal);
    private readonly HashSet<Digest> _removed = [];

    /// <summary>Changes of a tag, oldest first.</summary>
    public IReadOnlyList<Change> this[Tag tag] => _changes.GetValueOrDefault(tag.Value) ?? [];

    public bool WasRemoved(Digest manifest) => _removed.Contains(manifest);

    public void Remove(Digest manifest) => _removed.Add(manifest);

    public void Add(string tag, Digest? previous, Digest? digest)
    {
        if (previous == digest)
        {
            return;
        }

        if (!_changes.TryGetValue(tag, out var changes))
        {
            _changes[tag] = changes = [];
        }

        changes.Add(new Change(digest, previous, time()));
    }

    /// <summary>Records that the metadata was rebuilt from the tree, which has no changes.</summary>
    public void Clear()
    {
        _changes.Clear();
        _removed.Clear();
    }

    /// <summary>What a tag was at a time.</summary>
    public Digest? FindAt(Tag tag, DateTimeOffset at, Digest? current)
    {
        var changes = this[tag];
        return changes.LastOrDefault(change => change.Time <= at) is { } since ? since.Digest : changes.Count > 0 ? changes[0].Previous : current;
    }

    /// <summary>The manifest that a tag referred to before the current one.</summary>
    public Digest? FindPrevious(Tag tag, Digest? current) => this[tag]
        .Reverse()
        .SelectMany(change => new[] { change.Digest, change.Previous })
        .FirstOrDefault(digest => digest is not null && digest != current);

    internal sealed record Change(Digest? Digest, Digest? Previous, DateTimeOffset Time);
}
