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
            using var stream = File.OpenRead(file);
            if (Path.GetFileName(Path.GetDirectoryName(file)) != Convert.ToHexStringLower(SHA256.HashData(stream)))
            {
                throw new ViolationException($"{file} ({stream.Length} bytes) is not what its name says");
            }

            count++;
        }

        return count;
    }
}
