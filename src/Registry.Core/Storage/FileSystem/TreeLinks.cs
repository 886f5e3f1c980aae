using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// Looks for links to bytes that the metadata does not know. <see cref="TreeReader"/> takes what it understands; this keeps what nobody can rule
/// out: a folder that is no repository's counts, and what cannot be looked into counts for everything.
/// </summary>
public sealed class TreeLinks(FileSystemLayout layout)
{
    /// <summary>Those of some digests that the tree may link to, each with a place where it does.</summary>
    /// <exception cref="IOException">The tree cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The tree cannot be read.</exception>
    public IReadOnlyDictionary<Digest, string> Find(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(digests);
        var found = new Dictionary<Digest, string>();
        var folders = new Stack<string>([layout.Repositories]);
        while (found.Count < digests.Count && folders.TryPop(out var folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var entry in Directory.EnumerateFileSystemEntries(folder))
            {
                var name = Path.GetFileName(entry);
                var kind = PlainFile.Find(entry, folder);
                if (kind == EntryKind.Other && name != "_uploads")
                {
                    Add(digests, entry, found);
                }
                else if (kind == EntryKind.Folder && name is "_layers")
                {
                    Look(digests, entry, folder, found);
                }
                else if (kind == EntryKind.Folder && name is "_manifests")
                {
                    LookThroughManifests(digests, entry, found);
                }
                else if (kind == EntryKind.Folder && !name.StartsWith('_'))
                {
                    folders.Push(entry);
                }
            }
        }

        return found;
    }

    private static void LookThroughManifests(IReadOnlyCollection<Digest> digests, string folder, Dictionary<Digest, string> found)
    {
        Look(digests, Path.Combine(folder, "revisions"), folder, found);
        var tags = Path.Combine(folder, "tags");
        switch (PlainFile.Find(tags, folder))
        {
            case EntryKind.Folder:
                foreach (var tag in Directory.EnumerateFileSystemEntries(tags))
                {
                    Look(digests, Path.Combine(tag, "index"), tags, found);
                }

                break;
            case EntryKind.Other:
                Add(digests, tags, found);
                break;
        }
    }

    // <folder>/<algorithm>/<hex>/link, whatever it is. Behind a link of the file system, everything may be.
    private static void Look(IReadOnlyCollection<Digest> digests, string folder, string below, Dictionary<Digest, string> found)
    {
        foreach (var digest in digests)
        {
            var link = Path.Join(folder, digest.Algorithm.Name, digest.Hex, FileSystemLayout.LinkFile);
            if (!found.ContainsKey(digest) && PlainFile.Find(link, below) != EntryKind.None)
            {
                found.Add(digest, link);
            }
        }
    }

    private static void Add(IReadOnlyCollection<Digest> digests, string place, Dictionary<Digest, string> found)
    {
        foreach (var digest in digests)
        {
            found.TryAdd(digest, place);
        }
    }
}
