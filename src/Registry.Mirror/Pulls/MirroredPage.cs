using Registry.Core.Metadata;

namespace Registry.Mirror.Pulls;

/// <summary>A page of a list of a mirrored repository.</summary>
/// <param name="Page">The page.</param>
/// <param name="Freshness">Whether it may be old.</param>
public sealed record MirroredPage<T>(Page<T> Page, Freshness Freshness);
