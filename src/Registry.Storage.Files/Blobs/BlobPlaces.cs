using Registry.Core.Oci;
using Registry.Files;

namespace Registry.Storage.Files.Blobs;

/// <summary>Places of blobs in a folder.</summary>
public static class BlobPlaces
{
    /// <summary>Lists all digests that have a place, with or without bytes, as of some moment during the enumeration, which blocks.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static IEnumerable<Digest> Enumerate(FileSystemLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        return EnumerateAll(layout);
    }

    private static IEnumerable<Digest> EnumerateAll(FileSystemLayout layout)
    {
        foreach (var algorithm in DigestAlgorithm.All)
        {
            var folder = layout.BlobAlgorithm(algorithm);
            if (PlainFile.Find(folder, layout.Blobs) != EntryKind.Folder)
            {
                continue;
            }

            foreach (var directory in PlainFile.Folders(folder).SelectMany(PlainFile.Folders))
            {
                if (Digest.TryParse($"{algorithm.Name}:{Path.GetFileName(directory)}", out var digest))
                {
                    yield return digest;
                }
            }
        }
    }
}
