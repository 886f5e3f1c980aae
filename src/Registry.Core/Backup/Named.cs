using Registry.Core.Storage;
using Registry.Core.Storage.FileSystem;

namespace Registry.Core.Backup;

/// <summary>Two folders take part, so a failure says which one it is about.</summary>
internal static class Named
{
    /// <summary>Does something with a folder.</summary>
    /// <exception cref="StorageException">It failed; the message begins with the folder, unless it names a path in it anyway.</exception>
    public static async Task<T> RunAsync<T>(string folder, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (StorageException e) when (!e.Message.Contains(folder, StringComparison.Ordinal))
        {
            throw new StorageException($"{folder} {IoFault.Reason(e, folder)}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"{folder} cannot be used: {e.Message}", e);
        }
    }
}
