using Registry.Core.Oci;
using Registry.Files;

namespace Registry.Storage.Files.Blobs;

/// <summary>Places of blobs in a folder.</summary>
public static class BlobPlaces
{
    /// <summary>Lists all digests that have a place, with or without bytes, as of some moment during the enumeration, which blocks.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static IEnumerable<Digest> Enumerate(DataPaths paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return EnumerateAll(paths);
    }

    private static IEnumerable<Digest> EnumerateAll(DataPaths paths)
    {
        foreach (var algorithm in DigestAlgorithm.All)
        {
            var folder = paths.BlobAlgorithm(algorithm);
            if (PlainFile.Find(folder, paths.Blobs) != EntryKind.Folder)
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
