using System.Runtime.ExceptionServices;
using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies.Rules;
using Registry.Core.Repositories;
using Registry.Server.Endpoints;
using Registry.Server.Memory;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Pages.Lists;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Pages;

/// <summary>Deletes tags, or manifests with all their tags, that a person has selected in a list, after a page that asks.</summary>
internal sealed class DeletionPage(
    PageFrame frame, InventoryOperations inventory, ManifestOperations manifests, RepositoryOperations repositories, Func<PolicyRules> policies, FormReader forms, RequestMemory memory)
{
    // As many as a page of a list has.
    private const int Most = 50;

    // A hundred tags and parents of each.
    private const long Rows = Most * 64 * 1024;

    private const string Images = "images";
    private const string Tags = "tags";

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!ReadSelection(request).TryGet(out var references, out var invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        using var reserved = memory.Rows.Open(request.MemoryHolder);
        if (await reserved.AddAsync(Math.Min(Rows, memory.Rows.Limit), request.Aborted) is { } refused)
        {
            return refused;
        }

        var repository = request.Repository;
        var found = new List<(Reference Selected, ManifestDetail Manifest)>();
        foreach (var reference in references)
        {
            if ((await inventory.FindManifestAsync(repository, reference, request.Aborted)).TryGet(out var manifest, out var error))
            {
                found.Add((reference, manifest));
            }
            else if (error.Code != RegistryErrorCode.ManifestUnknown)
            {
                return error;
            }
        }

        if (found.Count == 0)
        {
            return references.Count == 0
                ? new RegistryError(RegistryErrorCode.BadRequest, "nothing was selected; select what is to be deleted")
                : RegistryErrorCode.ManifestUnknown;
        }

        var token = FormTokens.For(request);
        await frame.SendAsync(request, new PageHead($"Delete from {repository}", Section.Repositories), async output =>
        {
            await WriteSelectionAsync(output, repository, found, policies());
            WriteForm(output.Html, repository, found, token);
        });
        return null;
    }

    public async Task<RegistryError?> PostAsync(RequestContext request)
    {
        if (!(await forms.ReadAsync(request)).TryGet(out var fields, out var invalid))
        {
            return invalid;
        }

        var what = fields.GetValueOrDefault("what");
        if (what is not (Images or Tags) || !ReadItems(fields.GetValueOrDefault("items")).TryGet(out var items, out invalid))
        {
            return what is Images or Tags ? invalid : new RegistryError(RegistryErrorCode.BadRequest, "the form has no 'what', which is 'images' or 'tags'");
        }

        request.TakeTurns();
        request.Operation = what == Images ? RequestOperation.DeleteManifest : RequestOperation.DeleteTag;
        var done = new List<ContentChange>();
        foreach (var (tag, digest) in what == Images ? [.. items.Select(item => (Tag: default(Tag?), item.Digest)).Distinct()] : items)
        {
            // A tag that has moved since the page was opened stays: the person has not seen what it is now.
            var deletion = await manifests.DeleteAsync(
                request.Repository, tag ?? (Reference)digest, tag is null ? Precondition.None : Precondition.Exactly(digest), request.Origin);
            var isDone = deletion.TryGet(out var deleted, out var error);
            done.Add(new ContentChange { Digest = digest, Tag = tag, Tags = isDone && tag is null ? deleted!.Tags : [], Size = deleted?.Size, Error = error ?? deleted?.Stopped });
            request.Change = new ContentChange { Parts = done };
            if (deleted?.Fault is { } fault)
            {
                ExceptionDispatchInfo.Throw(fault);
            }
        }

        var repository = request.Repository;
        await frame.SendAsync(request, new PageHead("Deleted", Section.Repositories), async output =>
        {
            await WriteResultAsync(output, repository, done, items, what == Images);
        });
        return null;
    }

    private static Result<List<Reference>> ReadSelection(RequestContext request)
    {
        var query = request.Request.Query;
        var references = new List<Reference>();
        foreach (var text in query["tag"].Concat(query["digest"]))
        {
            if (!Parameters.ParseReference(text ?? string.Empty).TryGet(out var reference, out var invalid))
            {
                return invalid;
            }

            references.Add(reference);
        }

        return references.Count <= Most ? references : TooMany();
    }

    // "TAG@DIGEST" for a tag, "@DIGEST" for a manifest, with spaces between.
    private static Result<List<(Tag? Tag, Digest Digest)>> ReadItems(string? text)
    {
        var items = new List<(Tag?, Digest)>();
        foreach (var item in (text ?? string.Empty).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = item.IndexOf('@', StringComparison.Ordinal);
            var tag = default(Tag);
            if (at < 0 || !Digest.TryParse(item[(at + 1)..], out var digest) || (at > 0 && !Tag.TryParse(item[..at], out tag)))
            {
                return new RegistryError(RegistryErrorCode.BadRequest, $"'{Parameters.Echo(item)}' in the form names nothing to delete");
            }

            items.Add((at > 0 ? tag : null, digest));
        }

        return items.Count == 0 ? new RegistryError(RegistryErrorCode.BadRequest, "the form has no 'items'") : items.Count <= Most ? items : TooMany();
    }

    private static RegistryError TooMany() => new(RegistryErrorCode.BadRequest, $"at most {Most} are deleted at once");

    private static async Task WriteSelectionAsync(PageOutput output, RepositoryName repository, List<(Reference Selected, ManifestDetail Manifest)> found, PolicyRules rules)
    {
        var html = output.Html;
        var selected = found.Select(one => one.Selected.Tag).OfType<Tag>().ToHashSet();
        var what = Count.Of(found.Count, selected.Count > 0 ? "tag" : "manifest");
        html.Write(
            $"""
            <div class="crumbs"><a href="/">Repositories</a> › <a href="/repositories/{repository.Value}">{repository.Value}</a> ›</div>
            <div class="title"><h1>Delete {what} from <bdi>{repository.Value}</bdi>?</h1></div>
            <div class="scroll"><table><thead><tr><th scope="col">Selected</th><th scope="col">Manifest</th><th scope="col">Other tags of the image</th><th scope="col">Part of</th></tr></thead><tbody>

            """);
        foreach (var (reference, manifest) in found)
        {
            html.Write($"""<tr><th scope="row" class="name">""");
            if (reference.Tag is { } tag)
            {
                html.Write($"{new TagPart(tag)}{new TagNotes(repository, tag, rules)}");
            }
            else
            {
                html.Write($"manifest");
            }

            html.Write($"""</th><td>{new DigestPart(repository, manifest.Manifest.Digest)}</td><td class="name">""");
            foreach (var other in manifest.Tags.Select(one => one.Tag).Where(named => !selected.Contains(named)))
            {
                html.Write($"""<span class="kind">{new TagPart(other)}</span>{new TagNotes(repository, other, rules)} """);
            }

            html.Write($"""{(manifest.HasMoreTags ? "and more" : "")}</td><td>{(manifest.Parents.Count == 0 ? "" : manifest.Parents.Count == 1 ? "an index, which is then incomplete" : "indexes, which are then incomplete")}</td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
    }

    private void WriteForm(HtmlWriter html, RepositoryName repository, List<(Reference Selected, ManifestDetail Manifest)> found, string token)
    {
        var items = string.Join(' ', found.Select(one => $"{one.Selected.Tag?.Value}@{one.Manifest.Manifest.Digest}"));
        var hasTags = found.TrueForAll(one => one.Selected.Tag is not null);
        if (repositories.TrashPeriod > TimeSpan.Zero)
        {
            html.Write($"""<p class="note">Deleted images go to the <a href="/repositories/{repository.Value}/-/trash">trash</a> with all their tags, and can be restored for a while.{(hasTags ? " A tag that is deleted alone can be set again from its history." : "")}</p>""");
        }
        else
        {
            html.Write($"""<p class="fault">The registry keeps no deleted images: this cannot be taken back.</p>""");
        }

        html.Write($"""<form class="actions" method="post" action="/repositories/{repository.Value}/-/delete"><input type="hidden" name="token" value="{token}"><input type="hidden" name="items" value="{items}">""");
        html.Write($"""<button class="danger" name="what" value="images">Delete the {(found.Count == 1 ? "image with all its tags" : "images with all their tags")}</button>""");
        if (hasTags)
        {
            html.Write($""" <button name="what" value="tags">Delete only the selected {(found.Count == 1 ? "tag" : "tags")}</button>""");
        }

        html.Write($""" <a class="button" href="/repositories/{repository.Value}">Cancel</a></form>""");
    }

    private static async Task WriteResultAsync(
        PageOutput output, RepositoryName repository, List<ContentChange> done, List<(Tag? Tag, Digest Digest)> items, bool isImages)
    {
        var html = output.Html;
        var count = done.Count(one => one.Error is null);
        html.Write($"""{new RepositoryHead(repository, isImages ? "manifests" : "tags")}<div class="{(count == done.Count ? "note" : "fault")}" role="status"><p>Deleted: {count} of {done.Count} {(isImages ? "images" : "tags")}.</p></div><ul>""");

        // What was not done is what a person has to act on.
        foreach (var one in done.OrderBy(change => change.Error is null))
        {
            var tags = one.Tag is { } tag ? [tag]
                : one.Error is null ? one.Tags.Take(InventoryOperations.MostTags)
                : items.Where(item => item.Digest == one.Digest).Select(item => item.Tag).OfType<Tag>();
            html.Write($"""<li>{new DigestPart(null, one.Digest!.Value)} <bdi>{string.Join(", ", tags.Select(named => named.Value))}</bdi>: """);
            html.Write($"<bdi>{(one.Error is { } error ? Describe(error) : "deleted")}</bdi></li>\n");
            await output.PassAsync();
        }

        html.Write($"""</ul><p class="actions"><a class="button" href="/repositories/{repository.Value}">Tags</a> <a class="button" href="/repositories/{repository.Value}/-/trash">Trash</a></p>""");
    }

    private static string Describe(RegistryError error) =>
        error.Code == RegistryErrorCode.ManifestUnknown ? "not there any more"
        : error.Code == RegistryErrorCode.PreconditionFailed ? "not deleted: it has moved since the page was opened"
        : $"not deleted: {string.Join("; ", error.Details.Prepend(error.Code.Message))}";
}
