using Registry.Core.Collection;
using Registry.Core.Oci;
using Registry.Files;

namespace Registry.Storage.Files.Tree;

/// <summary>
/// Finds links to bytes that the metadata does not know. <see cref="TreeReader"/> uses only what it understands; this class counts everything
/// that cannot be ruled out: folders that are not repositories, too, and a folder that cannot be read counts as a link to every digest.
/// </summary>
/// <remarks>
/// Each folder of links is read once for all digests, which takes time proportional to the number of links. A lookup of each digest in each
/// folder would take time proportional to the product.
/// </remarks>
internal sealed class TreeLinks(DataPaths paths) : ILinkSearch
{
    /// <inheritdoc/>
    public IReadOnlyDictionary<Digest, string> Find(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(digests);
        var search = new Search(digests);
        var folders = new Stack<string>([paths.Repositories]);
        while (!search.IsOver && folders.TryPop(out var folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var entry in Directory.EnumerateFileSystemEntries(folder))
            {
                var name = Path.GetFileName(entry);
                var kind = PlainFile.Find(entry, folder);
                if (kind == EntryKind.Other && name != "_uploads")
                {
                    search.AddAll(entry);
                }
                else if (kind == EntryKind.Folder && name is "_layers")
                {
                    search.Look(entry, folder);
                }
                else if (kind == EntryKind.Folder && name is "_manifests")
                {
                    LookThroughManifests(search, entry);
                }
                else if (kind == EntryKind.Folder && !name.StartsWith('_'))
                {
                    folders.Push(entry);
                }
            }
        }

        return search.Found;
    }

    private static void LookThroughManifests(Search search, string folder)
    {
        search.Look(Path.Combine(folder, "revisions"), folder);
        var tags = Path.Combine(folder, "tags");
        switch (PlainFile.Find(tags, folder))
        {
            case EntryKind.Folder:
                foreach (var tag in Directory.EnumerateFileSystemEntries(tags))
                {
                    search.Look(Path.Combine(tag, "index"), tags);
                }

                break;
            case EntryKind.Other:
                search.AddAll(tags);
                break;
        }
    }

    /// <summary>Wanted digests, and those that were found.</summary>
    private sealed class Search
    {
        private readonly ILookup<DigestAlgorithm, Digest> _digests;
        private readonly Dictionary<(DigestAlgorithm Algorithm, string Hex), Digest> _byName;
        private readonly Dictionary<Digest, string> _found = [];

        public Search(IReadOnlyCollection<Digest> digests)
        {
            _digests = digests.ToLookup(digest => digest.Algorithm);
            _byName = digests.Distinct().ToDictionary(digest => (digest.Algorithm, digest.Hex.ToString()));
        }

        public IReadOnlyDictionary<Digest, string> Found => _found;

        /// <summary>True once every digest was found.</summary>
        public bool IsOver => _found.Count == _byName.Count;

        /// <summary>
        /// Searches the links of a folder, <c>&lt;folder&gt;/&lt;algorithm&gt;/&lt;hex&gt;/link</c>, whatever they are. A symbolic link may hide
        /// any digest.
        /// </summary>
        public void Look(string folder, string below)
        {
            foreach (var group in _digests)
            {
                var links = Path.Join(folder, group.Key.Name);
                switch (PlainFile.Find(links, below))
                {
                    case EntryKind.None:
                        break;
                    case EntryKind.Folder:
                        LookThrough(links, group.Key, below);
                        break;
                    default:
                        Add(group, links);
                        break;
                }
            }
        }

        /// <summary>Counts a place for every digest.</summary>
        public void AddAll(string place) => Add(_byName.Values, place);

        private void LookThrough(string links, DigestAlgorithm algorithm, string below)
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(links))
            {
                if (!_byName.TryGetValue((algorithm, Path.GetFileName(entry)), out var digest))
                {
                    continue;
                }

                var link = Path.Join(entry, DataPaths.LinkFile);
                if (PlainFile.Find(link, below) != EntryKind.None)
                {
                    _found.TryAdd(digest, link);
                }
            }
        }

        private void Add(IEnumerable<Digest> digests, string place)
        {
            foreach (var digest in digests)
            {
                _found.TryAdd(digest, place);
            }
        }
    }
}
