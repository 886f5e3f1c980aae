using Registry.Core.Oci;

namespace Registry.Server.Commands.Transfer;

/// <summary>Arguments of <c>registry copy</c>.</summary>
/// <param name="Source">The image.</param>
/// <param name="Target">The new repository; without a tag, the source's tag is kept.</param>
/// <param name="WithReferrers">True to copy referrers (signatures, SBOMs), too.</param>
/// <param name="IsJson">True to print the report as JSON.</param>
internal sealed record CopyRequest(ImageReference Source, ImageReference Target, bool WithReferrers = true, bool IsJson = false);
