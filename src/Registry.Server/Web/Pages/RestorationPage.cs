using System.Globalization;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Trash;
using Registry.Server.Endpoints;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Pages.Lists;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Pages;

/// <summary>Restores manifests that a person has selected in the trash of a repository, with those that they need, after a page that asks.</summary>
internal sealed class RestorationPage(PageFrame frame, TrashOperations trash, RestoreOperations restores, FormReader forms)
{
    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!ReadSelection(request).TryGet(out var digests, out var invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        var repository = request.Repository;
        var found = new List<TrashEntry>();
        RegistryError? absence = null;
        foreach (var digest in digests)
        {
            if ((await trash.FindAsync(repository, digest, request.OriginDetail)).TryGet(out var entry, out var error))
            {
                // An image may have had very many.
                found.Add(entry with { Tags = [.. entry.Tags.Take(TrashEntry.MaxListedTags)], HasMoreTags = entry.Tags.Count > TrashEntry.MaxListedTags });
            }
            else
            {
                absence = error;
            }
        }

        if (found.Count == 0)
        {
            return absence ?? new RegistryError(RegistryErrorCode.BadRequest, "nothing was selected; select what is to be restored");
        }

        var token = FormTokens.For(request);
        await frame.SendAsync(request, new PageHead($"Restore in {repository}", Section.Repositories), async output =>
        {
            await WriteSelectionAsync(output, repository, found);
            WriteForm(output.Html, repository, found, token);
        });
        return null;
    }

    public async Task<RegistryError?> PostAsync(RequestContext request)
    {
        if (!(await forms.ReadAsync(request)).TryGet(out var fields, out var invalid) || !ReadItems(fields.GetValueOrDefault("items")).TryGet(out var items, out invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        var (repository, done, seen) = (request.Repository, new List<ContentChange>(), new HashSet<Digest>());
        foreach (var (id, selected) in items)
        {
            // One that another one needs was restored before it, perhaps.
            if (!seen.Add(selected))
            {
                continue;
            }

            await foreach (var (digest, outcome) in restores.RestoreTreeAsync(repository, selected, one => one == id, request.Origin, request.Aborted))
            {
                seen.Add(digest);
                done.Add(new ContentChange { Digest = digest, Tags = outcome.TryGet(out var restored, out var error) ? restored.Tags : [], Error = error });
                request.Change = new ContentChange { Parts = done };
            }
        }

        await frame.SendAsync(request, new PageHead("Restored", Section.Repositories), async output =>
            await new SelectionResult(repository, "trash", "restored", "manifests", "it was deleted again").WriteAsync(output, done, one => one.Tags));
        return null;
    }

    private static Result<List<Digest>> ReadSelection(RequestContext request)
    {
        var digests = new List<Digest>();
        foreach (var text in request.Request.Query["digest"])
        {
            if (!Digest.TryParse(text, out var digest))
            {
                return Parameters.InvalidDigest(text ?? string.Empty);
            }

            digests.Add(digest);
        }

        return digests.Count <= Selection.Most ? digests : TooMany();
    }

    // "ID@DIGEST" for each entry, with spaces between.
    private static Result<List<(long Id, Digest Digest)>> ReadItems(string? text)
    {
        var items = new List<(long, Digest)>();
        foreach (var item in (text ?? string.Empty).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = item.IndexOf('@', StringComparison.Ordinal);
            if (at < 0 || !long.TryParse(item[..at], NumberStyles.None, CultureInfo.InvariantCulture, out var id) || !Digest.TryParse(item[(at + 1)..], out var digest))
            {
                return new RegistryError(RegistryErrorCode.BadRequest, $"'{Parameters.Echo(item)}' in the form names nothing to restore");
            }

            items.Add((id, digest));
        }

        return items.Count == 0 ? new RegistryError(RegistryErrorCode.BadRequest, "the form has no 'items'") : items.Count <= Selection.Most ? items : TooMany();
    }

    private static RegistryError TooMany() => new(RegistryErrorCode.BadRequest, $"at most {Selection.Most} are restored at once");

    private static async Task WriteSelectionAsync(PageOutput output, RepositoryName repository, List<TrashEntry> found)
    {
        var html = output.Html;
        html.Write(
            $"""
            <div class="crumbs"><a href="/repositories/{repository.Value}">{repository.Value}</a> › <a href="/repositories/{repository.Value}/-/trash">Trash</a> ›</div>
            <div class="title"><h1>Restore {Count.Of(found.Count, "manifest")} of <bdi>{repository.Value}</bdi>?</h1></div>
            <div class="scroll" role="region" aria-label="Selected" tabindex="0"><table><thead><tr><th scope="col">Manifest</th><th scope="col">Tags</th><th scope="col" class="number">Size</th><th scope="col">Deleted</th></tr></thead><tbody>

            """);
        foreach (var entry in found)
        {
            html.Write($"""<tr><th scope="row">{new DigestPart(null, entry.Digest)}</th><td class="name">{new TagList(entry)}</td><td class="number">{new SizePart(entry.HeldSize)}</td>""");
            html.Write($"""<td>{new TimePart(entry.Time)} <span class="quiet">by {new OriginPart(entry.Origin)}</span></td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
    }

    private static void WriteForm(HtmlWriter html, RepositoryName repository, List<TrashEntry> found, string token)
    {
        var items = string.Join(' ', found.Select(entry => $"{entry.Id}@{entry.Digest}"));
        html.Write(
            $"""
            <p class="note">They can be pulled again, with the manifests of platforms that are in the trash, too. Tags come back as far as no other manifest has them.</p>
            <form class="actions" method="post" action="/repositories/{repository.Value}/-/restore"><input type="hidden" name="token" value="{token}"><input type="hidden" name="items" value="{items}">
            <button class="main">Restore {(found.Count == 1 ? "it" : "all of them")}</button> <a class="button" href="/repositories/{repository.Value}/-/trash">Cancel</a></form>

            """);
    }
}
