using Registry.Core.Errors;
using Registry.Core.Maintenance;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Server.Commands;

/// <summary>Prints the changes that a reindex would make: the first ones as sentences, and the totals.</summary>
internal sealed class ReindexReport(TextWriter output)
{
    private const int MaxListed = 1000;

    private long _lines;
    private Totals _lost;
    private Totals _added;
    private long _moved;

    /// <summary>Number of repositories that could not be read.</summary>
    public long Unreadable { get; private set; }

    /// <summary>Lists the differences of one repository.</summary>
    public void Add(RepositoryDifference difference)
    {
        ArgumentNullException.ThrowIfNull(difference);
        var (name, recorded, found, failure) = difference;
        if (found is null)
        {
            Unreadable++;
            Write($"repository {name} cannot be read, so a reindex would fail: {failure}");
        }
        else if (found.IsEmpty)
        {
            _lost = _lost.With(recorded);
            Write($"repository {name} would be removed, with {Describe(recorded)}");
        }
        else if (recorded.IsEmpty)
        {
            _added = _added.With(found);
            Write($"repository {name} would be added, with {Describe(found)}");
        }
        else
        {
            AddTags(name, recorded.Tags, found.Tags);
            AddContent("manifest", name, recorded.Manifests, found.Manifests, (totals, count) => totals with { Manifests = totals.Manifests + count });
            AddContent("blob", name, recorded.Blobs, found.Blobs, (totals, count) => totals with { Blobs = totals.Blobs + count });
        }
    }

    /// <summary>Prints the totals.</summary>
    /// <param name="compared">Number of repositories that were compared.</param>
    public void End(long compared)
    {
        if (_lines > MaxListed)
        {
            output.WriteLine($"… and {_lines - MaxListed} more");
        }

        if (_lines == 0)
        {
            output.WriteLine($"The tree and the metadata agree in {Count.Of(compared, "repository")}. A reindex would change nothing.");
            return;
        }

        output.WriteLine($"In {Count.Of(compared, "repository")}, a reindex would remove {_lost};");
        output.WriteLine($"add {_added}; and move {Count.Of(_moved, "tag")}. Nothing was changed.");
        if (Unreadable > 0)
        {
            output.WriteLine($"Not counted: {Count.Of(Unreadable, "repository")} that cannot be read.");
        }
    }

    private void AddTags(RepositoryName name, IReadOnlyDictionary<Tag, Digest> recorded, IReadOnlyDictionary<Tag, Digest> found)
    {
        foreach (var (tag, digest) in recorded)
        {
            if (!found.TryGetValue(tag, out var now))
            {
                _lost = _lost with { Tags = _lost.Tags + 1 };
                Write($"tag {name}:{tag} would be removed; it points to {digest}");
            }
            else if (now != digest)
            {
                _moved++;
                Write($"tag {name}:{tag} would point to {now} instead of {digest}");
            }
        }

        foreach (var (tag, digest) in found.Where(tag => !recorded.ContainsKey(tag.Key)))
        {
            _added = _added with { Tags = _added.Tags + 1 };
            Write($"tag {name}:{tag} would be added and point to {digest}");
        }
    }

    private void AddContent(
        string kind, RepositoryName name, IReadOnlySet<Digest> recorded, IReadOnlySet<Digest> found, Func<Totals, long, Totals> count)
    {
        foreach (var digest in recorded.Where(digest => !found.Contains(digest)))
        {
            _lost = count(_lost, 1);
            Write($"{kind} {digest} of {name} would be removed");
        }

        foreach (var digest in found.Where(digest => !recorded.Contains(digest)))
        {
            _added = count(_added, 1);
            Write($"{kind} {digest} of {name} would be added");
        }
    }

    private static string Describe(RepositoryContents contents) =>
        $"{Count.Of(contents.Tags.Count, "tag")}, {Count.Of(contents.Manifests.Count, "manifest")} and {Count.Of(contents.Blobs.Count, "blob")}";

    private void Write(string line)
    {
        if (_lines++ < MaxListed)
        {
            output.WriteLine(line);
        }
    }

    private readonly record struct Totals(long Repositories, long Tags, long Manifests, long Blobs)
    {
        public Totals With(RepositoryContents contents) => new(
            Repositories + 1, Tags + contents.Tags.Count, Manifests + contents.Manifests.Count, Blobs + contents.Blobs.Count);

        public override string ToString() => $"{Count.Of(Repositories, "repository")}, {Count.Of(Tags, "tag")}, {Count.Of(Manifests, "manifest")} and {Count.Of(Blobs, "blob")}";
    }
}
