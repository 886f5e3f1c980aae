using Registry.Core.Oci;

namespace Registry.Core.History;

/// <summary>A tag that was set back.</summary>
/// <param name="Digest">The manifest that it refers to.</param>
/// <param name="Before">The manifest that it referred to before; null if there was no such tag.</param>
public sealed record Rollback(Digest Digest, Digest? Before)
{
    /// <summary>False if the tag referred to the manifest already, so that nothing has changed.</summary>
    public bool IsChange => Before != Digest;
}
