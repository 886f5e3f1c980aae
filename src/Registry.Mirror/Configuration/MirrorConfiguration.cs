namespace Registry.Mirror.Configuration;

/// <summary>Configuration of the mirror.</summary>
/// <param name="Upstreams">Registries that are mirrored, in the order of the file.</param>
/// <param name="Own">Values of the query parameter <c>ns</c> that mean this registry.</param>
public sealed record MirrorConfiguration(IReadOnlyList<UpstreamSettings> Upstreams, IReadOnlyList<string> Own);
