using Registry.Core.Oci;
using Registry.Files;

namespace Registry.Storage.Files.Blobs;

/// <summary>Folder of the bytes that do not have their digest.</summary>
internal static class QuarantineFolder
{
    /// <summary>Creates the folder of an algorithm, durably.</summary>
    /// <returns>Path of the folder.</returns>
    /// <exception cref="IOException">The folder cannot be created or synced.</exception>
    public static string Ensure(DataPaths paths, DigestAlgorithm algorithm, CheckedSync sync)
    {
        var folder = paths.QuarantineAlgorithm(algorithm);
        PlainFile.CreateFolder(folder, paths.Root);
        sync.Directory(paths.Quarantine);
        sync.Directory(paths.Root);
        return folder;
    }
}
