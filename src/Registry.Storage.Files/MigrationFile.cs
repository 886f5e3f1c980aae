using System.Text;
using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Storage.Files;

/// <summary>Mark of a move to or from another storage, as a line of text that people read, too: <c>moved to …</c> or <c>moving from …</c>.</summary>
public static class MigrationFile
{
    private const string Moved = "moved to ";
    private const string Moving = "moving from ";

    /// <summary>Reads the mark; null if there is none. A file with another text counts as the mark of a move that is not finished.</summary>
    /// <exception cref="StorageException">It cannot be read.</exception>
    public static MigrationMark? Read(string path)
    {
        try
        {
            return File.Exists(path) ? Parse(Encoding.UTF8.GetString(OperatorFile.Read(path)).Trim()) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Fault(path, e);
        }
    }

    /// <summary>Replaces the mark, durably.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mark">The new mark; null for none.</param>
    /// <exception cref="StorageException">It cannot be written.</exception>
    public static void Write(string path, MigrationMark? mark)
    {
        try
        {
            if (mark is null)
            {
                File.Delete(path);
                DurableFile.SyncDirectory(Path.GetDirectoryName(path)!);
                return;
            }

            using var replacement = FileReplacement.BeginAnew(path);
            replacement.Finish(Encoding.UTF8.GetBytes($"{(mark.IsMoved ? Moved : Moving)}{mark.Other}\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Fault(path, e);
        }
    }

    private static MigrationMark Parse(string text) => text.StartsWith(Moved, StringComparison.Ordinal)
        ? new MigrationMark(IsMoved: true, text[Moved.Length..])
        : new MigrationMark(IsMoved: false, text.StartsWith(Moving, StringComparison.Ordinal) ? text[Moving.Length..] : text);

    private static StorageException Fault(string path, Exception e) => new($"has a file {path} that cannot be used: {IoFault.Reason(e, path)}", e);
}
