using Registry.Core.Oci;

namespace Registry.Server.Commands;

/// <summary>What <c>registry copy</c> is asked for.</summary>
/// <param name="Source">The image.</param>
/// <param name="Target">Where it goes; without a tag it keeps that of the source.</param>
/// <param name="WithReferrers">Whether signatures and the like come along.</param>
/// <param name="IsJson">Whether the report is printed as JSON.</param>
internal sealed record CopyRequest(ImageReference Source, ImageReference Target, bool WithReferrers = true, bool IsJson = false);
