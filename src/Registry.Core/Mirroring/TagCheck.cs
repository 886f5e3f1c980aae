using Registry.Core.Oci;

namespace Registry.Core.Mirroring;

/// <summary>An answer of an upstream about a tag.</summary>
/// <param name="Repository">The mirrored repository.</param>
/// <param name="Tag">The tag.</param>
/// <param name="Time">The wall clock, to the second.</param>
public readonly record struct TagCheck(RepositoryName Repository, Tag Tag, DateTimeOffset Time);
