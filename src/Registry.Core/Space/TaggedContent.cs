namespace Registry.Core.Space;

/// <summary>A tag.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ContentId">Id of the content of its manifest.</param>
public readonly record struct TaggedContent(string Name, long ContentId);
