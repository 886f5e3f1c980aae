using Registry.Core.Oci;

namespace Registry.Server.Web.Images;

/// <summary>A manifest that an index lists.</summary>
/// <param name="Manifest">Its descriptor.</param>
/// <param name="Platform">Platform, such as <c>linux/arm64/v8</c>, as the index says; empty if it does not say.</param>
internal sealed record ImageChild(Descriptor Manifest, string Platform);
