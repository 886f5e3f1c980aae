using Registry.Core.Oci;

namespace Registry.Core.Trash;

/// <summary>A blob or manifest that a purge has removed from a repository.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="HeldBy">
/// Other repositories that have it, or have it in their trash, up to <see cref="MaxHolders"/>, in no particular order. Empty if nothing needs the bytes any more.
/// </param>
public sealed record PurgedContent(Digest Digest, IReadOnlyList<RepositoryName> HeldBy)
{
    /// <summary>Largest number of repositories that are named.</summary>
    public const int MaxHolders = 100;
}
