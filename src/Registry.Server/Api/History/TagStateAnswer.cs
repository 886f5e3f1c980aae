namespace Registry.Server.Api.History;

/// <summary>What a tag was at a time.</summary>
internal sealed record TagStateAnswer
{
    public required string Repository { get; init; }

    public required string Tag { get; init; }

    /// <summary>The manifest that a pull would have got; null if there was no such tag.</summary>
    public string? Digest { get; init; }

    /// <summary>The change that has set or deleted the tag; null if none is recorded.</summary>
    public HistoryEntryAnswer? Since { get; init; }

    /// <summary>The next change of the tag; null if there was none since.</summary>
    public HistoryEntryAnswer? Until { get; init; }
}
