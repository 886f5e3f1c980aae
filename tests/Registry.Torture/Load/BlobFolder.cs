using System.Security.Cryptography;

namespace Registry.Torture.Load;

/// <summary>Files under <c>blobs/</c> of a registry that is not running, or not writing.</summary>
internal static class BlobFolder
{
    /// <summary>Reads every file and compares its digest with its name.</summary>
    /// <returns>Number of files.</returns>
    /// <exception cref="ViolationException">A file is torn or empty, or has another digest.</exception>
    public static int Check(string storagePath)
    {
        var count = 0;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(storagePath, "blobs"), "data", SearchOption.AllDirectories))
        {
            using var stream = TryOpen(file);
            if (stream is null)
            {
                continue;
            }

            if (Path.GetFileName(Path.GetDirectoryName(file)) != Convert.ToHexStringLower(SHA256.HashData(stream)))
            {
                throw new ViolationException($"{file} ({stream.Length} bytes) is not what its name says");
            }

            count++;
        }

        return count;
    }

    // Null for one that the collector has removed since it was listed.
    private static FileStream? TryOpen(string file)
    {
        try
        {
            return File.OpenRead(file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
