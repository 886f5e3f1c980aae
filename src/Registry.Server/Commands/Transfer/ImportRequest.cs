using Registry.Core.Oci;

namespace Registry.Server.Commands.Transfer;

/// <summary>Arguments of <c>registry import</c>.</summary>
/// <param name="Source">A folder, a tar archive, or <c>-</c> for a tar archive from standard input.</param>
/// <param name="Target">The repository, optionally with a tag; null for the names in the layout.</param>
/// <param name="CreatesFolder">True to create a registry when the data folder holds none.</param>
/// <param name="IsJson">True to print the report as JSON.</param>
internal sealed record ImportRequest(string Source, ImageReference? Target = null, bool CreatesFolder = false, bool IsJson = false);
