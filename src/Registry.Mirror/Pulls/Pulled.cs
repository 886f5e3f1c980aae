namespace Registry.Mirror.Pulls;

/// <summary>Content of a mirrored repository that is here.</summary>
/// <param name="Content">The content.</param>
/// <param name="Freshness">Whether it may be old.</param>
public readonly record struct Pulled<T>(T Content, Freshness Freshness);
