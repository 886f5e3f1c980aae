namespace Registry.Server.Api.Mirroring;

/// <summary>The upstreams of the mirror.</summary>
internal sealed record MirrorAnswer
{
    /// <summary>In the order of the configuration; empty without a mirror.</summary>
    public required IReadOnlyList<UpstreamStatusAnswer> Upstreams { get; init; }
}
