namespace Registry.Server.Api.History;

/// <summary>A tag that was set back.</summary>
internal sealed record RollbackAnswer
{
    public required string Repository { get; init; }

    public required string Tag { get; init; }

    /// <summary>The manifest that the tag refers to.</summary>
    public required string Digest { get; init; }

    /// <summary>The manifest that it referred to before; null if there was no such tag.</summary>
    public string? Previous { get; init; }

    /// <summary>False if the tag referred to the manifest already.</summary>
    public required bool Changed { get; init; }
}
