using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// Looks for links to bytes that the metadata does not know. <see cref="TreeReader"/> takes what it understands; this keeps what cannot be ruled
/// out: a folder that is no repository's counts, and what cannot be looked into counts for everything.
/// </summary>
/// <remarks>
/// Each folder of links is read once, however many digests are looked for: that takes as long as there are links. To ask each folder for each
/// digest would take the product of both.
/// </remarks>
public sealed class TreeLinks(FileSystemLayout layout)
{
    /// <summary>Those of some digests that the tree may link to, each with a place where it does.</summary>
    /// <exception cref="IOException">The tree cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The tree cannot be read.</exception>
    public IReadOnlyDictionary<Digest, string> Find(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(digests);
        var search = new Search(digests);
        var folders = new Stack<string>([layout.Repositories]);
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

    /// <summary>What is looked for, and what was found of it.</summary>
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

        /// <summary>Whether everything was found.</summary>
        public bool IsOver => _found.Count == _byName.Count;

        /// <summary>
        /// Looks at the links of a folder, <c>&lt;folder&gt;/&lt;algorithm&gt;/&lt;hex&gt;/link</c>, whatever they are. Behind a link of the file
        /// system, everything may be.
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

        /// <summary>Counts a place for everything.</summary>
        public void AddAll(string place) => Add(_byName.Values, place);

        private void LookThrough(string links, DigestAlgorithm algorithm, string below)
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(links))
            {
                if (!_byName.TryGetValue((algorithm, Path.GetFileName(entry)), out var digest))
                {
                    continue;
                }

                var link = Path.Join(entry, FileSystemLayout.LinkFile);
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
