using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Manifests;
using Registry.Core.Oci;
using Registry.Server.Requests;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages;

/// <summary>Search of the first page: <c>name</c>, <c>name:tag</c>, <c>:tag</c>, and <c>sha256:…</c> for a manifest or blob. What the caller may not pull is searched as if it did not exist.</summary>
internal sealed class RepositorySearch(InventoryOperations inventory, ContentInspection inspection)
{
    private static readonly string[] Algorithms = ["sha256", "sha512"];

    /// <summary>Finds what a text means.</summary>
    /// <param name="request">The request of the caller.</param>
    /// <param name="viewer">The repositories of the caller.</param>
    /// <param name="text">The text; null for none.</param>
    /// <returns>The result; or the refusal while a tree is indexed.</returns>
    public async Task<Result<SearchResult>> FindAsync(RequestContext request, Viewer viewer, string? text)
    {
        text = Shorten((text ?? string.Empty).Trim(), ClientAddress.Of(request.Request).Host);
        if (text.IndexOf('@', StringComparison.Ordinal) is > 0 and var at && await FindContentAsync(request, text[..at], text[(at + 1)..]) is { } content)
        {
            return new SearchResult { Path = content };
        }

        var colon = text.LastIndexOf(':');
        if (colon < 0)
        {
            return new SearchResult { Part = text };
        }

        var (name, rest) = (text[..colon], text[(colon + 1)..]);
        if (Algorithms.Contains(name))
        {
            return await FindDigestAsync(viewer, text, rest);
        }

        if (name.Length == 0)
        {
            return await FindHoldersAsync(viewer, rest);
        }

        return await FindTagAsync(request, name, rest) is { } path ? new SearchResult { Path = path } : new SearchResult { Part = name, Tag = rest };
    }

    // What a person has copied from a command: "localhost:15000/team/app:1.0".
    private static string Shorten(string text, string host) =>
        text.Length > host.Length && text[host.Length] == '/' && text.StartsWith(host, StringComparison.OrdinalIgnoreCase) ? text[(host.Length + 1)..] : text;

    // If it is neither a manifest nor a blob, the page of the manifest tells so.
    private async Task<string?> FindContentAsync(RequestContext request, string name, string text)
    {
        var colon = name.LastIndexOf(':');
        if (!Digest.TryParse(text, out var digest) || !RepositoryName.TryParse(colon < 0 ? name : name[..colon], out var repository) || !request.MayPull(repository))
        {
            return null;
        }

        var isBlob = (await inspection.FindAsync(repository, digest)).Error is not null && (await inventory.FindBlobAsync(repository, digest, request.Aborted)).Error is null;
        return $"/repositories/{repository}/-/{(isBlob ? "blobs" : "manifests")}/{digest}";
    }

    private async Task<Result<SearchResult>> FindDigestAsync(Viewer viewer, string text, string digits)
    {
        if (digits.Length < InventoryOperations.ShortestDigest)
        {
            return new SearchResult { Advice = $"A digest is found by its first {InventoryOperations.ShortestDigest} digits, or more." };
        }

        var found = await inventory.FindDigestsAsync(text, viewer);
        if (found.Count > 0)
        {
            return found is [var one] ? new SearchResult { Path = $"/repositories/{one.Repository}/-/manifests/{one.Digest}" } : new SearchResult { Manifests = found };
        }

        return !(await inventory.FindBlobsAsync(text, viewer)).TryGet(out var blobs, out var refusal) ? refusal
            : blobs is { Items: [var blob], IsWhole: true } ? new SearchResult { Path = $"/repositories/{blob.Repository}/-/blobs/{blob.Digest}" }
            : new SearchResult { Blobs = blobs };
    }

    private async Task<Result<SearchResult>> FindHoldersAsync(Viewer viewer, string tag)
    {
        if (tag.Length == 0)
        {
            return new SearchResult { Advice = "Write the tag, or its beginning, after the colon." };
        }

        return (await inventory.FindTagsAsync(tag, viewer)).TryGet(out var holders, out var refusal) ? new SearchResult { Holders = holders } : refusal;
    }

    // Null unless there is a repository of this name that the caller may pull from.
    private async Task<string?> FindTagAsync(RequestContext request, string name, string tag)
    {
        if (!RepositoryName.TryParse(name, out var repository) || !request.MayPull(repository)
            || (await inventory.ListTagsAsync(repository, new TagQuery { Prefix = tag, Limit = 1 }, request.Aborted)).Error is not null)
        {
            return null;
        }

        return Tag.TryParse(tag, out var whole) && (await inspection.FindAsync(repository, whole)).Error is null
            ? $"/repositories/{repository}/-/tags/{whole}"
            : PageUrl.Of($"/repositories/{repository}", ("prefix", tag));
    }
}
