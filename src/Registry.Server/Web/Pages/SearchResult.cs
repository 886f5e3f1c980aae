using Registry.Core.Inventory;
using Registry.Core.Inventory.Records;

namespace Registry.Server.Web.Pages;

/// <summary>What the text in the search of the first page means.</summary>
internal sealed record SearchResult
{
    /// <summary>Path of the page that it names; null if it names none.</summary>
    public string? Path { get; init; }

    /// <summary>Part of the names of repositories; empty for all.</summary>
    public string Part { get; init; } = string.Empty;

    /// <summary>Beginning of the tags that are searched in them; null for none.</summary>
    public string? Tag { get; init; }

    /// <summary>Manifests with the digest, if the text is the beginning of one, at least two; else null.</summary>
    public IReadOnlyList<DigestRow>? Manifests { get; init; }

    /// <summary>Repositories with the blob, if the text is the beginning of a digest that no manifest has; else null.</summary>
    public BlobHolders? Blobs { get; init; }

    /// <summary>Repositories with the tag, if the text is one alone; else null.</summary>
    public TagHolders? Holders { get; init; }

    /// <summary>What the person should write instead; null if the text is clear.</summary>
    public string? Advice { get; init; }
}
