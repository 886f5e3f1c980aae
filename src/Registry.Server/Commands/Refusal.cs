using Registry.Core.Storage;

namespace Registry.Server.Commands;

/// <summary>What a command that needs the data folder says when it cannot have it.</summary>
internal static class Refusal
{
    /// <summary>The folder cannot be used.</summary>
    public static int Of(string path, StorageException fault) => Write($"REGISTRY_STORAGE_PATH {path} {fault.Message}");

    /// <summary>The database does not cover the tree, so what it leaves out is not known.</summary>
    public static int NotIndexed(string path) =>
        Write($"REGISTRY_STORAGE_PATH {path} is not indexed; run 'registry reindex', or start the registry");

    /// <summary>Says why a command does not do what it was asked to.</summary>
    public static int Write(string message)
    {
        Console.Error.WriteLine($"registry: {message}");
        return ExitCodes.Failure;
    }
}
