using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Images.Backup;

/// <summary>Adds the folder to the message of a failure, since an operation uses two folders.</summary>
internal static class Named
{
    // Work on one folder runs inside work on the other: the name of the inner one is right.
    private const string Mark = "folder";

    /// <summary>Runs work on a folder.</summary>
    /// <exception cref="StorageException">The work failed; the message begins with the folder, unless it names a path in it.</exception>
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
