using Registry.Core.Oci;
using Registry.Core.Policies.Rules;

namespace Registry.Core.Signatures;

/// <summary>A signature that a repository has for an image, and whether it counts.</summary>
/// <param name="Manifest">The manifest that holds it.</param>
/// <param name="Tag">Tag by which it was found; null for a referrer.</param>
/// <param name="Key">The key that has made it; null if it does not count.</param>
/// <param name="Fault">Why it does not count, as a clause; null if it does.</param>
public sealed record SeenSignature(Digest Manifest, Tag? Tag, SigningKey? Key, string? Fault);
