using Registry.Core.Errors;
using Registry.Core.Indexing;
using Registry.Core.Oci;
using Registry.Server.Api.Maintenance;
using Registry.Storage.Files.Tree;

namespace Registry.Server.Maintenance;

/// <summary>Collects the changes that a reindex would make: the first ones as sentences, and the totals.</summary>
internal sealed class ReindexReport
{
    private const int MaxListed = 1000;

    private readonly List<string> _differences = [];
    private long _lines;
    private ReindexTotals _lost;
    private ReindexTotals _added;
    private long _moved;
    private long _unreadable;

    /// <summary>Adds the differences of one repository.</summary>
    public void Add(RepositoryDifference difference)
    {
        ArgumentNullException.ThrowIfNull(difference);
        var (name, recorded, found, failure) = difference;
        if (found is null)
        {
            _unreadable++;
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

    /// <summary>Returns the report.</summary>
    /// <param name="compared">Number of repositories that were compared.</param>
    public ReindexPreview End(long compared) => new(compared, _unreadable, _lost, _added, _moved, _differences, _lines - _differences.Count);

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
        string kind, RepositoryName name, IReadOnlySet<Digest> recorded, IReadOnlySet<Digest> found, Func<ReindexTotals, long, ReindexTotals> count)
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
            _differences.Add(line);
        }
    }
}
