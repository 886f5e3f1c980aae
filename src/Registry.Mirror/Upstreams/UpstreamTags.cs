namespace Registry.Mirror.Upstreams;

/// <summary>A page of the tags of a repository at an upstream.</summary>
/// <param name="Tags">The tags that are valid here, in the order of the upstream.</param>
/// <param name="Last">Tag after which the next page begins; null if this is the last one.</param>
internal sealed record UpstreamTags(IReadOnlyList<string> Tags, string? Last);
