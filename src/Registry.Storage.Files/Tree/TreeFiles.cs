using System.Text;
using Registry.Core.Changes;
using Registry.Core.Indexing;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Storage.Files.Tree;

/// <summary>Writes and removes the links of the repositories tree, without a sync. Everything can be repeated.</summary>
internal sealed class TreeFiles(DataPaths paths)
{
    /// <summary>Makes a change.</summary>
    public void Apply(RegistryChange change)
    {
        var repository = change.Repository;
        switch (change.Kind)
        {
            case ChangeKind.BlobLinked:
                WriteLink(paths.Layer(repository, change.Digest!.Value), change.Digest.Value);
                break;
            case ChangeKind.BlobUnlinked:
                Remove(paths.Layer(repository, change.Digest!.Value));
                break;
            case ChangeKind.ManifestAdded:
                WriteLink(paths.Revision(repository, change.Digest!.Value), change.Digest.Value);
                break;
            case ChangeKind.ManifestRemoved:
                Remove(paths.Revision(repository, change.Digest!.Value));
                break;
            case ChangeKind.TagSet:
                WriteLink(paths.TagIndex(repository, change.Tag!.Value, change.Digest!.Value), change.Digest.Value);
                WriteLink(paths.TagCurrent(repository, change.Tag.Value), change.Digest.Value);
                break;
            case ChangeKind.TagRemoved:
                Remove(paths.TagDirectory(repository, change.Tag!.Value));
                break;
            case ChangeKind.TagForgotten:
                Remove(paths.TagIndex(repository, change.Tag!.Value, change.Digest!.Value));
                break;
            case ChangeKind.RepositoryRenamed:
                Rename(repository, change.NewName!.Value);
                break;
            default:
                throw new InvalidOperationException($"The metadata holds a change of the unknown kind {change.Kind}.");
        }
    }

    /// <summary>Writes a link, unless it is there: on a full disk, writing it again could leave it empty.</summary>
    public void Write(RepositoryName repository, TreeLink link)
    {
        var directory = link.Kind switch
        {
            TreeLinkKind.Blob => paths.Layer(repository, link.Digest),
            TreeLinkKind.Manifest => paths.Revision(repository, link.Digest),
            TreeLinkKind.TagHistory => paths.TagIndex(repository, link.Tag!.Value, link.Digest),
            _ => paths.TagCurrent(repository, link.Tag!.Value),
        };
        if (!HasLink(directory, link.Digest))
        {
            WriteLink(directory, link.Digest);
        }
    }

    /// <summary>Writes or removes links of one repository.</summary>
    /// <returns>Reason why the repository must wait; null if it is done. A full disk affects all repositories, and is thrown: everything waits.</returns>
    public static string? Try(Action write)
    {
        try
        {
            write();
            return null;
        }
#pragma warning disable CA1031 // What cannot be written in one repository, whatever the reason, must not keep the others from it.
        catch (Exception e) when (!StorageException.IsFullCode(e.HResult))
#pragma warning restore CA1031
        {
            return e.Message;
        }
    }

    private bool HasLink(string directory, Digest digest)
    {
        try
        {
            var content = PlainFile.TryRead(Path.Combine(directory, DataPaths.LinkFile), paths.Repositories, digest.Value.Length);
            return content is not null && content.AsSpan().SequenceEqual(Encoding.ASCII.GetBytes(digest.Value));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Writing it shows the reason.
            return false;
        }
    }

    private void WriteLink(string directory, Digest digest)
    {
        var link = Path.Combine(directory, DataPaths.LinkFile);
        PlainFile.CreateFolder(directory, paths.Repositories);

        // A folder in its place would block every later change.
        PlainFile.DeleteFolder(link, paths.Repositories);
        using var file = PlainFile.OpenToWrite(link, paths.Repositories, anew: true);
        RandomAccess.Write(file, Encoding.ASCII.GetBytes(digest.Value), 0);
    }

    // The folders of the repository itself begin with an underscore, which no part of a name does: those of other repositories stay, such as team/app/db below team/app. All
    // that they hold goes along, understood or not. The new name may have folders of an earlier repository, and what an interrupted rename has moved already.
    private void Rename(RepositoryName repository, RepositoryName newName)
    {
        var folder = paths.Repository(repository);
        switch (PlainFile.Find(folder, paths.Repositories))
        {
            case EntryKind.None:
                return;
            case EntryKind.Folder:
                break;
            default:
                throw PlainFile.NotPlain(folder, "folder");
        }

        foreach (var own in Directory.GetFileSystemEntries(folder, "_*"))
        {
            PlainFile.CreateFolder(paths.Repository(newName), paths.Repositories);
            PlainFile.MoveInto(own, Path.Combine(paths.Repository(newName), Path.GetFileName(own)), paths.Repositories);
        }

        if (!Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
        }
    }

    private void Remove(string directory) => PlainFile.DeleteFolder(directory, paths.Repositories);
}
