using Registry.Core.Errors;
using Registry.Core.History;
using Registry.Core.Inventory.Names;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Server.Endpoints;
using Registry.Server.Http;
using Registry.Server.Requests;
using Registry.Server.Web.Pages.Lists;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Pages;

/// <summary>Sets a tag back to a manifest of its history, after a page that asks.</summary>
internal sealed class RollbackPage(PageFrame frame, RollbackOperations rollbacks, ContentInspection inspection, ManifestNames names, FormReader forms)
{
    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!Tag.TryParse(request.Parameter, out var tag))
        {
            return RegistryErrorCode.ManifestUnknown;
        }

        if (!QueryParameter.Read(request.Request.Query, "to").TryGet(out var text, out var missing))
        {
            return missing;
        }

        if (!Digest.TryParse(text, out var digest))
        {
            return Parameters.InvalidDigest(text);
        }

        request.TakeTurns();
        var repository = request.Repository;
        var current = (await inspection.FindAsync(repository, tag)) is { Error: null, Value: var found } ? (Digest?)found.Digest : null;
        var tags = await names.FindTagsAsync(repository, current is { } moved ? [moved, digest] : [digest], request.Aborted);
        var token = FormTokens.For(request);
        await frame.SendAsync(request, new PageHead($"Set {repository}:{tag} back", Section.Repositories), output =>
        {
            var html = output.Html;
            html.Write($"""<div class="title"><h1>Set <bdi>{repository.Value}:{tag.Value}</bdi> back?</h1></div><dl class="facts">""");
            if (current is { } now)
            {
                html.Write($"<dt>Refers to</dt><dd>{new DigestPart(repository, now)}{new OtherTags(tags.GetValueOrDefault(now), tag)}</dd>");
            }
            else
            {
                html.Write($"<dt>Refers to</dt><dd>nothing: the tag was deleted</dd>");
            }

            html.Write(
                $"""
                <dt>Will refer to</dt><dd>{new DigestPart(repository, digest)}{new OtherTags(tags.GetValueOrDefault(digest), tag)}</dd></dl>
                <p>Every pull of the tag then gets this manifest. The history records the change, and it can be taken back in the same way.</p>
                <form class="actions" method="post" action="/repositories/{repository.Value}/-/rollback/{tag.Value}">
                <input type="hidden" name="token" value="{token}"><input type="hidden" name="to" value="{digest.Value}"><input type="hidden" name="current" value="{current?.Value}">
                <button class="main">Set the tag back</button> <a class="button" href="/repositories/{repository.Value}/-/history/{tag.Value}">Cancel</a>
                </form>

                """);
            return ValueTask.CompletedTask;
        });
        return null;
    }

    public async Task<RegistryError?> PostAsync(RequestContext request)
    {
        if (!Tag.TryParse(request.Parameter, out var tag))
        {
            return RegistryErrorCode.ManifestUnknown;
        }

        if (!(await forms.ReadAsync(request)).TryGet(out var fields, out var invalid))
        {
            return invalid;
        }

        var text = fields.GetValueOrDefault("to") ?? string.Empty;
        if (!Digest.TryParse(text, out var digest))
        {
            return Parameters.InvalidDigest(text);
        }

        // What the page has shown: if the tag has moved since, the person has not seen what would be replaced.
        var shown = Digest.TryParse(fields.GetValueOrDefault("current"), out var seen) ? (Digest?)seen : null;
        var done = await rollbacks.RollBackAsync(
            request.Repository, tag, RollbackTarget.To(digest), Precondition.Exactly(shown), request.Origin, request.Aborted);
        if (!done.TryGet(out var rollback, out var error))
        {
            return error.Code == RegistryErrorCode.PreconditionFailed
                ? new RegistryError(RegistryErrorCode.PreconditionFailed, "another request has moved the tag since the page was opened; look at its history again")
                : error;
        }

        request.Change = new ContentChange
        {
            Digest = rollback.Digest,
            Moved = rollback is { IsChange: true, Before: { } moved } ? [new MovedTag(tag, moved)] : [],
        };
        SeeOther.Write(request, $"/repositories/{request.Repository}/-/history/{tag}");
        return null;
    }
}
