using System.Globalization;
using System.Text;
using Registry.Core.Oci;

namespace Registry.Core.Storage.FileSystem;

/// <summary>
/// Reads the repositories tree, as this program or another registry has left it. Old trees hold folders without links, links to nothing,
/// empty link files: what can be understood is taken, the rest is reported and left as it is.
/// </summary>
public sealed class TreeReader(FileSystemLayout layout, Action<string> report)
{
    private const int MaxManifestSize = 64 * 1024 * 1024;

    /// <summary>Whether there is any repository at all.</summary>
    public bool IsEmpty => !Directory.Exists(layout.Repositories) || !Directory.EnumerateDirectories(layout.Repositories).Any();

    /// <summary>Whether the tree has a folder for this repository.</summary>
    public bool Exists(RepositoryName name) => IsRepository(layout.Repository(name)) && !IsBehindLink(name);

    /// <summary>Every repository of the tree.</summary>
    public IEnumerable<RepositoryName> Repositories()
    {
        if (!Directory.Exists(layout.Repositories))
        {
            yield break;
        }

        var folders = new Stack<string>([layout.Repositories]);
        while (folders.TryPop(out var folder))
        {
            foreach (var child in Directory.EnumerateDirectories(folder))
            {
                if (!Path.GetFileName(child).StartsWith('_') && new DirectoryInfo(child).LinkTarget is null)
                {
                    folders.Push(child);
                }
            }

            if (folder == layout.Repositories || !IsRepository(folder))
            {
                continue;
            }

            var text = Path.GetRelativePath(layout.Repositories, folder).Replace(Path.DirectorySeparatorChar, '/');
            if (RepositoryName.TryParse(text, out var name))
            {
                yield return name;
            }
            else
            {
                report($"{folder}: not a repository name; left alone");
            }
        }
    }

    /// <summary>Reads one repository.</summary>
    public TreeRepository Read(RepositoryName name)
    {
        var isPinned = false;
        var manifests = new Dictionary<Digest, TreeManifest>();
        foreach (var digest in Linked(layout.Revisions(name)))
        {
            var file = new FileInfo(layout.BlobData(digest));
            if (!file.Exists)
            {
                report($"{name}: manifest {digest} has no bytes; it is not served");
                continue;
            }

            if (ReadManifest(file) is { } manifest)
            {
                manifests[digest] = new TreeManifest(digest, file.Length, manifest);
            }
            else
            {
                report($"{name}: manifest {digest} cannot be read; it is not served, and no blob of {name} will expire");
                isPinned = true;
            }
        }

        var tags = new List<KeyValuePair<Tag, Digest>>();
        var history = new List<KeyValuePair<Tag, Digest>>();
        foreach (var tag in Tags(name))
        {
            history.AddRange(Linked(Path.Combine(layout.TagDirectory(name, tag), "index"))
                .Where(manifests.ContainsKey).Select(digest => KeyValuePair.Create(tag, digest)));
            var link = Path.Combine(layout.TagCurrent(name, tag), FileSystemLayout.LinkFile);
            if (ReadLink(link) is not { } current)
            {
                report($"{link}: missing, unreadable or not a digest; tag {name}:{tag} is not served");
            }
            else if (!manifests.ContainsKey(current))
            {
                report($"{name}: tag {tag} points at {current}, which is not there; it is not served");
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
            Layers = [.. Linked(layout.Layers(name))
                .Select(digest => KeyValuePair.Create(digest, new FileInfo(layout.BlobData(digest))))
                .Where(layer => layer.Value.Exists)
                .Select(layer => KeyValuePair.Create(layer.Key, layer.Value.Length))],
            Tags = tags,
            TagHistory = history,
            IsPinned = isPinned,
        };
    }

    private static bool IsRepository(string folder) =>
        Directory.Exists(Path.Combine(folder, "_manifests")) || Directory.Exists(Path.Combine(folder, "_layers"));

    // <folder>/<algorithm>/<hex>/link. A folder without a link was deleted; the name of the folder says what an empty link should hold.
    private static IEnumerable<Digest> Linked(string folder)
    {
        foreach (var algorithm in DigestAlgorithm.All)
        {
            var names = Path.Combine(folder, algorithm.Name);
            if (!Directory.Exists(names))
            {
                continue;
            }

            foreach (var directory in Directory.EnumerateDirectories(names))
            {
                if (File.Exists(Path.Combine(directory, FileSystemLayout.LinkFile))
                    && Digest.TryParse($"{algorithm.Name}:{Path.GetFileName(directory)}", out var digest))
                {
                    yield return digest;
                }
            }
        }
    }

    private static Digest? ReadLink(string path)
    {
        try
        {
            return Digest.TryParse(Encoding.ASCII.GetString(File.ReadAllBytes(path)).Trim(), out var digest) ? digest : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // Listing does not follow links to folders, so asking does not either.
    private bool IsBehindLink(RepositoryName name)
    {
        var folder = new DirectoryInfo(layout.Repository(name));
        while (folder is not null && folder.FullName != layout.Repositories)
        {
            if (folder.LinkTarget is not null)
            {
                return true;
            }

            folder = folder.Parent;
        }

        return false;
    }

    private IEnumerable<Tag> Tags(RepositoryName name)
    {
        if (!Directory.Exists(layout.Tags(name)))
        {
            yield break;
        }

        foreach (var directory in Directory.EnumerateDirectories(layout.Tags(name)))
        {
            if (!Tag.TryParse(Path.GetFileName(directory), out var tag))
            {
                report($"{directory}: not a tag; left alone");
            }
            else if (Directory.Exists(layout.TagCurrent(name, tag)))
            {
                yield return tag;
            }
        }
    }

    private Manifest? ReadManifest(FileInfo file)
    {
        if (file.Length > MaxManifestSize)
        {
            report(string.Create(CultureInfo.InvariantCulture, $"{file.FullName}: {file.Length} bytes are too many for a manifest"));
            return null;
        }

        try
        {
            return StoredManifestReader.Read(File.ReadAllBytes(file.FullName));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            report(e.Message);
            return null;
        }
    }
}
