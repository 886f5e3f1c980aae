namespace Registry.Mirror.Configuration;

/// <summary>Configuration of the mirror.</summary>
/// <param name="Upstreams">Registries that are mirrored, in the order of the file.</param>
/// <param name="Own">Values of the query parameter <c>ns</c> that mean this registry.</param>
public sealed record MirrorConfiguration(IReadOnlyList<UpstreamSettings> Upstreams, IReadOnlyList<string> Own)
{
    /// <summary>Files that were read with the configuration. That of a password is read when it is used.</summary>
    public IReadOnlyList<string> Files => [.. Upstreams.Select(upstream => upstream.AuthoritiesFile).OfType<string>()];
}
