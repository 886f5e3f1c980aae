using Registry.Core.Oci;

namespace Registry.Server.Commands;

/// <summary>What <c>registry import</c> is asked for.</summary>
/// <param name="Source">A folder, a tar archive, or <c>-</c> for an archive from standard input.</param>
/// <param name="Target">The repository, with a tag or without; null to go by the names in the layout.</param>
/// <param name="CreatesFolder">Whether a registry is made where there is none.</param>
/// <param name="IsJson">Whether the report is printed as JSON.</param>
internal sealed record ImportRequest(string Source, ImageReference? Target = null, bool CreatesFolder = false, bool IsJson = false);
