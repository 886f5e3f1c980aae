using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Oci;
using Registry.Server.Requests;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Lists;

/// <summary>What became of the manifests or tags that a person has selected.</summary>
/// <param name="repository">The repository.</param>
/// <param name="tab">The tab that is open.</param>
/// <param name="verb">What was done, as a participle: <c>deleted</c> or <c>restored</c>.</param>
/// <param name="noun">What it was done to, in the plural.</param>
/// <param name="isMoved">What has happened to one that is not as the page has shown it.</param>
internal sealed class SelectionResult(RepositoryName repository, string tab, string verb, string noun, string isMoved)
{
    /// <summary>Writes the result.</summary>
    /// <param name="output">The page.</param>
    /// <param name="changes">The changes.</param>
    /// <param name="tagsOf">Returns the tags that name a change.</param>
    public async Task WriteAsync(PageOutput output, IReadOnlyList<ContentChange> changes, Func<ContentChange, IEnumerable<Tag>> tagsOf)
    {
        var html = output.Html;
        var count = changes.Count(one => one.Error is null);
        html.Write($"""{new RepositoryHead(repository, tab)}<div class="{(count == changes.Count ? "note" : "fault")}" role="status"><p>{char.ToUpperInvariant(verb[0]).ToString()}{verb[1..]}: {count} of {changes.Count} {noun}.</p></div><ul>""");

        // What was not done is what a person has to act on.
        foreach (var one in changes.OrderBy(change => change.Error is null))
        {
            var tags = tagsOf(one).Take(InventoryOperations.MostTags).Select(tag => tag.Value);
            html.Write($"""<li>{new DigestPart(verb == "restored" && one.Error is null ? repository : null, one.Digest!.Value)} <bdi>{string.Join(", ", tags)}</bdi>: """);
            html.Write($"<bdi>{(one.Error is { } error ? Describe(error) : verb)}</bdi></li>\n");
            await output.PassAsync();
        }

        html.Write($"""</ul><p class="actions"><a class="button" href="/repositories/{repository.Value}">Tags</a> <a class="button" href="/repositories/{repository.Value}/-/trash">Trash</a></p>""");
    }

    private string Describe(RegistryError error) =>
        error.Code == RegistryErrorCode.ManifestUnknown ? "not there any more"
        : error.Code == RegistryErrorCode.PreconditionFailed ? $"not {verb}: {isMoved} since the page was opened"
        : $"not {verb}: {string.Join("; ", error.Details.Prepend(error.Code.Message))}";
}
