using Registry.Core.Storage;
using Registry.Core.Storage.FileSystem;

namespace Registry.Core.Backup;

/// <summary>Names the folder in the message of a failure, since two folders take part.</summary>
internal static class Named
{
    // Work on one folder runs inside work on the other one: the inner name is the right one.
    private const string Mark = "folder";

    /// <summary>Does something with a folder.</summary>
    /// <exception cref="StorageException">It failed; the message begins with the folder, unless it names a path in it anyway.</exception>
    public static async Task<T> RunAsync<T>(string folder, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (StorageException e) when (!e.Data.Contains(Mark))
        {
            throw Marked(e.Message.Contains(folder, StringComparison.Ordinal) ? e.Message : $"{folder} {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Marked($"{folder} cannot be used: {IoFault.Reason(e, folder)}", e);
        }
    }

    private static StorageException Marked(string message, Exception inner)
    {
        var named = new StorageException(message, inner);
        named.Data[Mark] = true;
        return named;
    }
}
