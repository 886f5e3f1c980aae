namespace Registry.Core.Trash;

/// <summary>A purge whose bytes are gone, as far as the registry can reach them.</summary>
/// <param name="Content">The manifest, first, and each blob and manifest that only it held.</param>
/// <param name="Left">Places where bytes are left or may be, that the registry knows of.</param>
public sealed record Erasure(IReadOnlyList<PurgedContent> Content, IReadOnlyList<LeftBytes> Left)
{
    /// <summary>True if the bytes are gone from all places from which the registry can remove them.</summary>
    public bool IsComplete => !Left.Any(left => left.IsFault);
}
