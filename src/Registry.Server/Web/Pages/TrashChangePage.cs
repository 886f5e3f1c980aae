using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Trash;
using Registry.Server.Endpoints;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Pages;

/// <summary>Restores and purges manifests of the trash, after a page that asks.</summary>
internal sealed class TrashChangePage(
    PageFrame frame, TrashOperations trash, RestoreOperations restores, PurgeOperations purges, FormReader forms)
{
    public Task<RegistryError?> GetRestoreAsync(RequestContext request) => AskAsync(
        request,
        "Restore",
        new RawHtml("<p>The manifest can be pulled again, and its tags come back as far as no other manifest has them.</p>"),
        new RawHtml("<button class=\"main\">Restore the manifest</button>"));

    public Task<RegistryError?> GetPurgeAsync(RequestContext request) => AskAsync(
        request,
        "Purge",
        new RawHtml("<p class=\"fault\">The manifest, and all that only it holds, is removed for ever. This cannot be taken back.</p>"),
        new RawHtml("<button class=\"danger\">Remove it for ever</button>"));

    public async Task<RegistryError?> RestoreAsync(RequestContext request)
    {
        if (!(await ReadAsync(request)).TryGet(out var meant, out var invalid))
        {
            return invalid;
        }

        var done = await restores.RestoreAsync(request.Repository, meant.Digest, id => id == meant.Id, request.Origin, request.Aborted);
        if (!done.TryGet(out var restored, out var error))
        {
            return Explain(error);
        }

        request.Change = new ContentChange { Digest = meant.Digest, Tags = restored.Tags };
        SeeOther.Write(request, $"/repositories/{request.Repository}/-/manifests/{meant.Digest}");
        return null;
    }

    public async Task<RegistryError?> PurgeAsync(RequestContext request)
    {
        if (!(await ReadAsync(request)).TryGet(out var meant, out var invalid))
        {
            return invalid;
        }

        if (!(await purges.PurgeAsync(request.Repository, meant.Digest, id => id == meant.Id, request.Origin)).TryGet(out var purge, out var error))
        {
            return Explain(error);
        }

        request.Change = new ContentChange { Digest = meant.Digest };
        var repository = request.Repository;
        await frame.SendAsync(request, new PageHead("Purged", Section.Repositories), output =>
        {
            var html = output.Html;
            html.Write(
                $"""
                {new RepositoryHead(repository, "trash")}
                <div class="note" role="status"><p>Removed for ever: {purge.Content.Count} {(purge.Content.Count == 1 ? "manifest" : "manifests and blobs")} of this repository. Other repositories keep what they have of it.</p></div>
                """);
            foreach (var left in purge.Left)
            {
                html.Write($"""<p class="fault">Bytes are left, or may be, in <bdi>{left.Place}</bdi>.</p>""");
            }

            html.Write($"""<p><a class="button" href="/repositories/{repository.Value}/-/trash">Trash</a></p>""");
            return ValueTask.CompletedTask;
        });
        return null;
    }

    private async Task<RegistryError?> AskAsync(RequestContext request, string verb, RawHtml effect, RawHtml button)
    {
        if (!Digest.TryParse(request.Parameter, out var digest))
        {
            return Parameters.InvalidDigest(request.Parameter);
        }

        request.TakeTurns();
        var repository = request.Repository;
        if (!(await trash.FindAsync(repository, digest, request.OriginDetail)).TryGet(out var entry, out var error))
        {
            return error;
        }

        var token = FormTokens.For(request);
        await frame.SendAsync(request, new PageHead($"{verb} a manifest", Section.Repositories), output =>
        {
            output.Html.Write(
                $"""
                <div class="title"><h1>{verb} <bdi>{DigestPart.Short(digest)}</bdi> of <bdi>{repository.Value}</bdi>?</h1></div>
                <dl class="facts"><dt>Digest</dt><dd><code>{digest.Value}</code></dd><dt>Tags</dt><dd><bdi>{(entry.Tags.Count == 0 ? "none" : string.Join(", ", entry.Tags))}</bdi></dd>
                <dt>Size</dt><dd>{new SizePart(entry.HeldSize)}</dd><dt>Deleted</dt><dd>{new TimePart(entry.Time)} by {new OriginPart(entry.Origin)}</dd></dl>
                {effect}
                <form class="actions" method="post" action="/repositories/{repository.Value}/-/{(verb == "Purge" ? "purge" : "restore")}/{digest.Value}">
                <input type="hidden" name="token" value="{token}"><input type="hidden" name="id" value="{entry.Id}">
                {button} <a class="button" href="/repositories/{repository.Value}/-/trash">Cancel</a>
                </form>

                """);
            return ValueTask.CompletedTask;
        });
        return null;
    }

    private async Task<Result<(Digest Digest, long Id)>> ReadAsync(RequestContext request)
    {
        if (!Digest.TryParse(request.Parameter, out var digest))
        {
            return Parameters.InvalidDigest(request.Parameter);
        }

        if (!(await forms.ReadAsync(request)).TryGet(out var fields, out var invalid))
        {
            return invalid;
        }

        return long.TryParse(fields.GetValueOrDefault("id"), out var id)
            ? (digest, id)
            : new RegistryError(RegistryErrorCode.BadRequest, "the form has no 'id', which is the number of the entry");
    }

    private static RegistryError Explain(RegistryError error) => error.Code == RegistryErrorCode.PreconditionFailed
        ? new RegistryError(error.Code, "the manifest was restored and deleted again since the page was opened; look at the trash again")
        : error;
}
