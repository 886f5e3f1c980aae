using Registry.Core.Backup;

namespace Registry.Server.Commands;

/// <summary>What is said about blobs that could not be backed up or restored.</summary>
internal static class FaultLines
{
    /// <summary>Writes a line for each, and what to do about them.</summary>
    /// <returns>Whether there were any.</returns>
    public static bool Write(long count, IReadOnlyList<BlobFault> faults, string done, TextWriter output)
    {
        foreach (var fault in faults)
        {
            output.WriteLine($"registry: {fault.Digest} {fault.Reason}");
        }

        if (count > 0)
        {
            output.WriteLine(
                $"registry: {count} blobs could not be {done}{(count > faults.Count ? $", of which the first {faults.Count} are named" : "")}; everything else was. Pushing them again repairs them");
        }

        return count > 0;
    }
}
