namespace Registry.Server.Tests.Maintenance;

/// <summary>Files of blobs and manifests, as a failing disk changes them.</summary>
internal static class StoredFile
{
    /// <summary>Path of the file of a digest in a data folder.</summary>
    public static string PathOf(string storagePath, string digest)
    {
        var parts = digest.Split(':');
        return Path.Combine(storagePath, "blobs", parts[0], parts[1][..2], parts[1], "data");
    }

    /// <summary>Flips a bit in the middle of the file.</summary>
    public static void FlipByte(string storagePath, string digest)
    {
        var path = PathOf(storagePath, digest);
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
