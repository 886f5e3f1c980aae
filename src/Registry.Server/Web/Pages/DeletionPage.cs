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

/// <summary>
/// Deletes tags, or manifests with all their tags, that a person has selected in a list, after a page that asks. It tells what stays, and takes signatures and the like under tags along if
/// the person wants.
/// </summary>
internal sealed class DeletionPage(
    PageFrame frame, InventoryOperations inventory, ManifestOperations manifests, RepositoryOperations repositories, Func<PolicyRules> policies, FormReader forms, RequestMemory memory)
{
    // A hundred tags and parents of each.
    private const long Rows = Selection.Most * 64 * 1024;

    private const string Images = "images";
    private const string Tags = "tags";

    private readonly AttachedTags _attached = new(inventory);

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

        var attached = new List<Tag>();
        foreach (var digest in found.Select(one => one.Manifest.Manifest.Digest).Distinct())
        {
            attached.AddRange((await _attached.FindAsync(repository, digest, request.Aborted)).Select(entry => entry.Tag));
        }

        var left = attached.Except(found.Select(one => one.Selected.Tag).OfType<Tag>()).ToList();
        var token = FormTokens.For(request);
        await frame.SendAsync(request, new PageHead($"Delete from {repository}", Section.Repositories), async output =>
        {
            await WriteSelectionAsync(output, repository, found, policies());
            WriteAttached(output.Html, repository, left, found.DistinctBy(one => one.Manifest.Manifest.Digest).Sum(one => one.Manifest.Referrers.Count));
            WriteForm(output.Html, repository, found, left.Count, token);
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
            await DeleteAsync(request, done, tag, digest);
        }

        var noun = what;
        if (what == Images && fields.ContainsKey("attached"))
        {
            noun = "manifests";
            await DeleteAttachedAsync(request, done);
        }

        var repository = request.Repository;
        await frame.SendAsync(request, new PageHead("Deleted", Section.Repositories), async output =>
        {
            await new SelectionResult(repository, what == Images ? "manifests" : "tags", "deleted", noun, "it has moved").WriteAsync(output, done, TagsOf);
        });
        return null;

        // Of an image that was not deleted, those that were selected.
        IEnumerable<Tag> TagsOf(ContentChange change) => change.Tag is { } tag ? [tag]
            : change.Error is null ? change.Tags
            : items.Where(item => item.Digest == change.Digest).Select(item => item.Tag).OfType<Tag>();
    }

    private async Task DeleteAsync(RequestContext request, List<ContentChange> done, Tag? tag, Digest digest)
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

    // Of the images that are gone. A rule may have kept others, which then keep their signatures.
    private async Task DeleteAttachedAsync(RequestContext request, List<ContentChange> done)
    {
        foreach (var image in done.Where(change => change.Error is null).Select(change => change.Digest!.Value).ToList())
        {
            foreach (var entry in (await _attached.FindAsync(request.Repository, image, request.Aborted)).DistinctBy(entry => entry.Manifest.Digest))
            {
                await DeleteAsync(request, done, tag: null, entry.Manifest.Digest);
            }
        }
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

        return references.Count <= Selection.Most ? references : TooMany();
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

        return items.Count == 0 ? new RegistryError(RegistryErrorCode.BadRequest, "the form has no 'items'") : items.Count <= Selection.Most ? items : TooMany();
    }

    private static RegistryError TooMany() => new(RegistryErrorCode.BadRequest, $"at most {Selection.Most} are deleted at once");

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

    private static void WriteAttached(HtmlWriter html, RepositoryName repository, List<Tag> attached, long referrers)
    {
        if (attached.Count > 0)
        {
            html.Write($"""<p>Signatures and the like of the images have tags of their own, which stay unless you take them along:""");
            foreach (var tag in attached)
            {
                html.Write($""" <a class="kind" href="/repositories/{repository.Value}/-/tags/{tag.Value}">{new TagPart(tag)}</a>""");
            }

            html.Write($"</p>\n");
        }

        if (referrers > 0)
        {
            html.Write($"""<p class="quiet">{Count.Of(referrers, "manifest")} with an image as subject, such as {(referrers == 1 ? "a signature, stays" : "signatures, stay")} as long as the image can be restored, and {(referrers == 1 ? "goes" : "go")} some time after.</p>""");
        }
    }

    private void WriteForm(HtmlWriter html, RepositoryName repository, List<(Reference Selected, ManifestDetail Manifest)> found, int attached, string token)
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
        if (attached > 0)
        {
            html.Write($"""<label><input type="checkbox" name="attached" value="true"> With the {(attached == 1 ? "image, delete its tag of a signature or the like" : $"images, delete their {attached} tags of signatures and the like")}, too</label>""");
        }

        html.Write($"""<button class="danger" name="what" value="images">Delete the {(found.Count == 1 ? "image with all its tags" : "images with all their tags")}</button>""");
        if (hasTags)
        {
            html.Write($""" <button name="what" value="tags">Delete only the selected {(found.Count == 1 ? "tag" : "tags")}</button>""");
        }

        html.Write($""" <a class="button" href="/repositories/{repository.Value}">Cancel</a></form>""");
    }
}
