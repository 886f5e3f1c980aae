using System.Globalization;
using System.Text;
using Registry.Core.Indexing;
using Registry.Core.Oci;
using Registry.Files;

namespace Registry.Storage.Files.Tree;

/// <summary>
/// Reads the repositories tree that this program or another registry has written. Old trees hold folders without links, links to missing content,
/// and empty link files: the reader uses what it understands, reports the rest, and leaves it unchanged.
/// </summary>
public sealed class TreeReader(DataPaths paths, Action<string> report)
{
    private const int MaxManifestSize = 64 * 1024 * 1024;
    private const int MaxLinkSize = 1024;

    /// <summary>True if the tree holds no repository.</summary>
    public bool IsEmpty => !Directory.Exists(paths.Repositories) || !Directory.EnumerateDirectories(paths.Repositories).Any();

    /// <summary>True if the tree has a folder for this repository.</summary>
    public bool Exists(RepositoryName name) => IsRepository(paths.Repository(name), paths.Repositories);

    /// <summary>Lists all repositories of the tree.</summary>
    public IEnumerable<RepositoryName> Repositories()
    {
        if (!Directory.Exists(paths.Repositories))
        {
            yield break;
        }

        var folders = new Stack<string>([paths.Repositories]);
        while (folders.TryPop(out var folder))
        {
            foreach (var child in PlainFile.Folders(folder))
            {
                if (!Path.GetFileName(child).StartsWith('_'))
                {
                    folders.Push(child);
                }
            }

            if (folder == paths.Repositories || !IsRepository(folder, folder))
            {
                continue;
            }

            var text = Path.GetRelativePath(paths.Repositories, folder).Replace(Path.DirectorySeparatorChar, '/');
            if (RepositoryName.TryParse(text, out var name))
            {
                yield return name;
            }
            else
            {
                report($"{folder}: not a repository name; ignored");
            }
        }
    }

    /// <summary>Reads one repository.</summary>
    public TreeRepository Read(RepositoryName name)
    {
        var isPinned = false;
        var manifests = new Dictionary<Digest, TreeManifest>();
        foreach (var digest in Linked(paths.Revisions(name), Pin))
        {
            var data = paths.BlobData(digest);
            var kind = PlainFile.Find(data, paths.Blobs, out var size);
            if (kind == EntryKind.None)
            {
                report($"{name}: the bytes of manifest {digest} are missing; it is not served");
            }
            else if (kind == EntryKind.File && ReadManifest(data, size) is { } manifest)
            {
                manifests[digest] = new TreeManifest(digest, size, manifest);
            }
            else
            {
                Pin($"{name}: manifest {digest} cannot be read; it is not served");
            }
        }

        var tags = new List<KeyValuePair<Tag, Digest>>();
        var history = new List<KeyValuePair<Tag, Digest>>();
        foreach (var tag in Tags(name))
        {
            history.AddRange(Linked(Path.Combine(paths.TagDirectory(name, tag), "index"), report)
                .Where(manifests.ContainsKey).Select(digest => KeyValuePair.Create(tag, digest)));
            var link = Path.Combine(paths.TagCurrent(name, tag), DataPaths.LinkFile);
            if (ReadLink(link) is not { } current)
            {
                report($"{link}: missing, unreadable or not a digest; tag {name}:{tag} is not served");
            }
            else if (!manifests.ContainsKey(current))
            {
                report($"{name}: tag {tag} points at {current}, which does not exist; it is not served");
            }
            else
            {
                tags.Add(KeyValuePair.Create(tag, current));
            }
        }

        return new TreeRepository
        {
            Name = name,
            Manifests = [.. manifests.Values],
            Layers = [.. Layers(name, Pin)],
            Tags = tags,
            TagHistory = history,
            IsPinned = isPinned,
        };

        void Pin(string finding)
        {
            isPinned = true;
            report($"{finding}, and no blob of {name} will expire");
        }
    }

    private static bool IsRepository(string folder, string below) =>
        PlainFile.Find(Path.Combine(folder, "_manifests"), below) == EntryKind.Folder
        || PlainFile.Find(Path.Combine(folder, "_layers"), below) == EntryKind.Folder;

    private IEnumerable<KeyValuePair<Digest, long>> Layers(RepositoryName name, Action<string> reportUnknown)
    {
        foreach (var digest in Linked(paths.Layers(name), reportUnknown))
        {
            if (PlainFile.Find(paths.BlobData(digest), paths.Blobs, out var size) == EntryKind.File)
            {
                yield return KeyValuePair.Create(digest, size);
            }
        }
    }

    // <folder>/<algorithm>/<hex>/link. A folder without a link was deleted; the name of the folder gives the digest for an empty link.
    private IEnumerable<Digest> Linked(string folder, Action<string> reportUnknown)
    {
        foreach (var algorithm in DigestAlgorithm.All)
        {
            var names = Path.Combine(folder, algorithm.Name);
            if (!IsFolder(names, reportUnknown))
            {
                continue;
            }

            foreach (var entry in Directory.EnumerateFileSystemEntries(names))
            {
                if (!Digest.TryParse($"{algorithm.Name}:{Path.GetFileName(entry)}", out var digest))
                {
                    continue;
                }

                var link = Path.Combine(entry, DataPaths.LinkFile);
                switch (PlainFile.Find(link, names))
                {
                    case EntryKind.None:
                        break;
                    case EntryKind.File:
                        yield return digest;
                        break;
                    default:
                        reportUnknown(PlainFile.NotPlain(link, "file").Message);
                        break;
                }
            }
        }
    }

    private bool IsFolder(string path, Action<string> reportOther)
    {
        var kind = PlainFile.Find(path, paths.Repositories);
        if (kind is EntryKind.File or EntryKind.Other)
        {
            reportOther(PlainFile.NotPlain(path, "folder").Message);
        }

        return kind == EntryKind.Folder;
    }

    private Digest? ReadLink(string path)
    {
        try
        {
            return PlainFile.TryRead(path, paths.Repositories, MaxLinkSize) is { } content
                && Digest.TryParse(Encoding.ASCII.GetString(content).Trim(), out var digest) ? digest : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private IEnumerable<Tag> Tags(RepositoryName name)
    {
        var tags = paths.Tags(name);
        if (!IsFolder(tags, report))
        {
            yield break;
        }

        foreach (var entry in Directory.EnumerateFileSystemEntries(tags))
        {
            if (PlainFile.Find(entry, tags) != EntryKind.Folder)
            {
                report(PlainFile.NotPlain(entry, "folder").Message);
            }
            else if (!Tag.TryParse(Path.GetFileName(entry), out var tag))
            {
                report($"{entry}: not a tag; ignored");
            }
            else if (PlainFile.Find(paths.TagCurrent(name, tag), tags) != EntryKind.None)
            {
                yield return tag;
            }
        }
    }

    private Manifest? ReadManifest(string path, long size)
    {
        if (size > MaxManifestSize)
        {
            report(string.Create(CultureInfo.InvariantCulture, $"{path}: {size} bytes exceed the limit for a manifest"));
            return null;
        }

        try
        {
            return PlainFile.TryRead(path, paths.Blobs, MaxManifestSize) is { } content ? StoredManifestReader.Read(content) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            report(e.Message);
            return null;
        }
    }
}
