using Registry.Core.Oci;

namespace Registry.Server.Commands;

/// <summary>What <c>registry export</c> is asked for.</summary>
/// <param name="Images">The images; a repository alone stands for all of its tags.</param>
/// <param name="Target">A folder, a file that ends with <c>.tar</c>, or <c>-</c> for standard output.</param>
/// <param name="WithReferrers">Whether signatures and the like come along.</param>
/// <param name="IsJson">Whether the report is printed as JSON.</param>
internal sealed record ExportRequest(IReadOnlyList<ImageReference> Images, string Target, bool WithReferrers = true, bool IsJson = false)
{
    /// <summary>The backup that is read in place of the data folder; null for the data folder.</summary>
    public BackupReference? Backup { get; init; }
}
