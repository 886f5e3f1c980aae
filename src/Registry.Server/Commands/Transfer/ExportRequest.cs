using Registry.Core.Oci;

namespace Registry.Server.Commands.Transfer;

/// <summary>Arguments of <c>registry export</c>.</summary>
/// <param name="Images">The images; a repository without a tag stands for all of its tags.</param>
/// <param name="Target">A folder, a file whose name ends with <c>.tar</c>, or <c>-</c> for standard output.</param>
/// <param name="WithReferrers">True to export referrers (signatures, SBOMs), too.</param>
/// <param name="IsJson">True to print the report as JSON.</param>
internal sealed record ExportRequest(IReadOnlyList<ImageReference> Images, string Target, bool WithReferrers = true, bool IsJson = false)
{
    /// <summary>The backup to read instead of the data folder; null for the data folder.</summary>
    public BackupReference? Backup { get; init; }
}
