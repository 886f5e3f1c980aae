using System.Runtime.InteropServices;

namespace Registry.Core.Space;

/// <summary>
/// Adds up the space of a round, page by page. Since a page has all holders of its content, nothing is remembered of a content: the memory is about 60 bytes for each
/// repository.
/// </summary>
internal sealed class SpaceTally
{
    private readonly Dictionary<long, Bytes> _repositories = [];
    private long _referred;
    private long _unique;
    private long _shared;
    private long _trash;
    private long _unreferenced;

    /// <summary>The repositories that hold something, in the order of their ids.</summary>
    public IReadOnlyList<RepositorySpace> Repositories =>
        [.. _repositories.Select(one => new RepositorySpace(one.Key, one.Value.Referred, one.Value.Unique, one.Value.Trash)).OrderBy(one => one.RepositoryId)];

    /// <summary>Adds the sums to those of a round.</summary>
    public SpaceSums Complete(SpaceSums round) => round with
    {
        Repositories = _repositories.Count,
        Referred = _referred,
        Unique = _unique,
        Shared = _shared,
        Trash = _trash,
        Unreferenced = _unreferenced,
    };

    /// <summary>Adds a page.</summary>
    public void Add(ContentPage page)
    {
        // The holdings of one repository come together, a live one first.
        var holdings = page.Holdings.ToArray();
        Array.Sort(holdings, static (one, other) => one.ContentId != other.ContentId ? one.ContentId.CompareTo(other.ContentId)
            : one.RepositoryId != other.RepositoryId ? one.RepositoryId.CompareTo(other.RepositoryId)
            : other.IsLive.CompareTo(one.IsLive));
        var next = 0;
        foreach (var (id, size) in page.Contents)
        {
            // Of content whose bytes are lost.
            while (next < holdings.Length && holdings[next].ContentId < id)
            {
                next++;
            }

            var begin = next;
            while (next < holdings.Length && holdings[next].ContentId == id)
            {
                next++;
            }

            Add(size, holdings.AsSpan(begin..next));
        }
    }

    private void Add(long size, ReadOnlySpan<Holding> holdings)
    {
        var (holders, isLive, last) = (0, false, 0L);
        foreach (var holding in holdings)
        {
            if (holding.RepositoryId == last)
            {
                continue;
            }

            (holders, last) = (holders + 1, holding.RepositoryId);
            if (holding.IsLive)
            {
                isLive = true;
                _referred += size;
                Of(last).Referred += size;
            }
        }

        switch (holders, isLive)
        {
            case (0, _):
                _unreferenced += size;
                break;
            case (1, true):
                _unique += size;
                Of(last).Unique += size;
                break;
            case (1, false):
                _trash += size;
                Of(last).Trash += size;
                break;
            case (_, true):
                _shared += size;
                break;
            default:
                _trash += size;
                break;
        }
    }

    private ref Bytes Of(long repository) => ref CollectionsMarshal.GetValueRefOrAddDefault(_repositories, repository, out _);

    private struct Bytes
    {
        public long Referred;
        public long Unique;
        public long Trash;
    }
}
