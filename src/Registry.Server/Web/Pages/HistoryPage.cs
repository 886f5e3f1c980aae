using Registry.Core.Errors;
using Registry.Core.History;
using Registry.Core.Inventory.Names;
using Registry.Core.Manifests;
using Registry.Core.Oci;
using Registry.Server.Endpoints;
using Registry.Server.Requests;
using Registry.Server.Web.Pages.Lists;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages;

/// <summary>Page of the history of a tag: every manifest that it has referred to, and who has set it.</summary>
internal sealed class HistoryPage(PageFrame frame, HistoryOperations history, ContentInspection inspection, ManifestNames names)
{
    // A first view is 60 KB at most (docs/performance.md, P16).
    private const int PageSize = 40;

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!Tag.TryParse(request.Parameter, out var tag))
        {
            return RegistryErrorCode.ManifestUnknown;
        }

        if (!ApiParameters.ReadPosition(request.Request.Query, "before", "the position of a change").TryGet(out var before, out var noPosition))
        {
            return noPosition;
        }

        request.TakeTurns();
        var repository = request.Repository;
        if (!(await history.ListAsync(repository, tag, before, PageSize, request.OriginDetail)).TryGet(out var page, out var error))
        {
            return error;
        }

        var current = (await inspection.FindAsync(repository, tag)) is { Error: null, Value: var found } ? (Digest?)found.Digest : null;
        var mayPush = request.OffersPush;
        var tags = await names.FindTagsAsync(repository, page.Entries.Select(entry => entry.Digest).OfType<Digest>(), request.Aborted);
        await frame.SendAsync(request, new PageHead($"History of {repository}:{tag}", Section.Repositories), async output =>
        {
            var html = output.Html;
            html.Write($"""<div class="crumbs"><a href="/">Repositories</a> › <a href="/repositories/{repository.Value}">{repository.Value}</a> ›""");
            if (current is not null)
            {
                html.Write($""" <a href="/repositories/{repository.Value}/-/tags/{tag.Value}">{tag.Value}</a> ›""");
            }

            html.Write(
                $"""
                </div>
                <div class="title"><h1>History of <bdi>{tag.Value}</bdi></h1></div>

                """);
            if (page.Entries.Count == 0)
            {
                html.Write($"""<p class="empty">No change of this tag is recorded. It has been what it is since before its history begins.</p>""");
            }

            html.Write($"""<ol class="history">""");
            var isFirst = before is null;
            foreach (var entry in page.Entries)
            {
                Write(output, repository, tag, entry, entry.Digest is { } shown ? tags.GetValueOrDefault(shown) : null, current, isFirst, mayPush);
                isFirst = false;
                await output.PassAsync();
            }

            html.Write($"</ol>\n");
            Pager.Write(
                html,
                $"/repositories/{repository.Value}/-/history/{tag.Value}",
                [],
                page.HasMore ? ("before", page.Entries[^1].Position.ToString(System.Globalization.CultureInfo.InvariantCulture)) : null,
                before is not null);
        });
        return null;
    }

    private static void Write(
        PageOutput output, RepositoryName repository, Tag tag, HistoryEntry entry, IReadOnlyList<Tag>? tags, Digest? current, bool isNewest, bool mayPush)
    {
        var html = output.Html;
        html.Write($"""<li class="{(isNewest && entry.Digest is not null && entry.Digest == current ? "current" : "")}"><div class="actions">""");
        if (entry.Digest is { } digest)
        {
            html.Write($"{new DigestPart(repository, digest)}");
            if (digest == current)
            {
                html.Write($"""<span class="kind">{(isNewest ? "now" : "same as now")}</span>""");
            }
            else if (mayPush)
            {
                html.Write($"""<a class="button" href="/repositories/{repository.Value}/-/rollback/{tag.Value}?to={digest.Value}">Point back here</a>""");
            }
        }
        else
        {
            html.Write($"<strong>deleted</strong>");
        }

        if (entry is { Digest: { } after, Previous: { } before } && after != before)
        {
            html.Write($"""<a class="button" href="/repositories/{repository.Value}/-/compare?from={before.Value}&amp;to={after.Value}" aria-label="Compare {DigestPart.Short(after)} with the one before">Compare</a>""");
        }

        html.Write($"""</div><div class="quiet">{new TimePart(entry.Time)} by {new OriginPart(entry.Origin)}""");
        if (entry.Previous is { } previous)
        {
            html.Write($", before: {new DigestPart(repository, previous)}");
        }

        if (entry.Reason is { } reason)
        {
            html.Write($" (<bdi>{reason}</bdi>)");
        }

        html.Write($"</div>{new OtherTags(tags, tag)}</li>\n");
    }
}
