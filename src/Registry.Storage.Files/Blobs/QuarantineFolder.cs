using Registry.Core.Oci;
using Registry.Files;

namespace Registry.Storage.Files.Blobs;

/// <summary>Folder of the bytes that do not have their digest.</summary>
internal static class QuarantineFolder
{
    /// <summary>Creates the folder of an algorithm, durably.</summary>
    /// <returns>Path of the folder.</returns>
    /// <exception cref="IOException">The folder cannot be created or synced.</exception>
    public static string Ensure(FileSystemLayout layout, DigestAlgorithm algorithm, CheckedSync sync)
    {
        var folder = layout.QuarantineAlgorithm(algorithm);
        PlainFile.CreateFolder(folder, layout.Root);
        sync.Directory(layout.Quarantine);
        sync.Directory(layout.Root);
        return folder;
    }
}
