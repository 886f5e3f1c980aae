using Registry.Core.Errors;
using Registry.Images.Backup;

namespace Registry.Server.Commands.Backup;

/// <summary>Messages about blobs that could not be backed up or restored.</summary>
internal static class FaultLines
{
    /// <summary>Writes a line for each fault, and what to do about them.</summary>
    /// <returns>True when there are faults.</returns>
    public static bool Write(long count, IReadOnlyList<BlobFault> faults, string done, TextWriter output)
    {
        foreach (var fault in faults)
        {
            output.WriteLine($"registry: {fault.Digest} {fault.Reason}");
        }

        if (count > 0)
        {
            output.WriteLine(
                $"registry: {Count.Of(count, "blob")} could not be {done}{(count > faults.Count ? $" (the first {faults.Count} are listed above)" : "")}; everything else was {done}. Pushing a blob again repairs it");
        }

        return count > 0;
    }
}
