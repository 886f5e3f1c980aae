using System.Globalization;
using Registry.Core.Errors;
using Registry.Core.Mirroring;
using Registry.Mirror;
using Registry.Mirror.Status;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Administration;

/// <summary>Page of the upstreams of the mirror: whether each answers, what is here of it, and what was answered since the start.</summary>
/// <param name="frame">The frame of pages.</param>
/// <param name="mirror">Returns the pulls from mirrored repositories; null without a mirror.</param>
internal sealed class MirrorPage(PageFrame frame, Func<MirrorPulls?> mirror)
{
    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        request.TakeTurns();
        var upstreams = new List<(UpstreamStatus Status, MirrorUse Use)>();
        if (mirror() is { } pulls)
        {
            foreach (var status in pulls.ReadStatus())
            {
                upstreams.Add((status, await pulls.ReadUseAsync(status.Settings.Name)));
            }
        }

        await frame.SendAsync(request, new PageHead("Mirror", Section.Administration), async output =>
        {
            output.Html.Write($"{new AdministrationHead("mirror")}");
            if (upstreams.Count == 0)
            {
                output.Html.Write($"""<p class="empty">Nothing is mirrored: REGISTRY_MIRROR_CONFIG is not set, or its file has no upstreams.</p>""");
                return;
            }

            await WriteAsync(output, upstreams);
        });
        return null;
    }

    private static async Task WriteAsync(PageOutput output, IReadOnlyList<(UpstreamStatus Status, MirrorUse Use)> upstreams)
    {
        var html = output.Html;
        html.Write(
            $"""
            <p class="quiet">Pulls answered from here, fetched or perhaps old, and what was received: since the start of this process.</p>
            <div class="scroll" role="region" aria-label="Upstreams" tabindex="0"><table>
            <thead><tr><th scope="col">Upstream</th><th scope="col">Prefix</th><th scope="col">State</th><th scope="col" class="number">Repositories</th><th scope="col" class="number">Size</th><th scope="col" class="number">From here</th><th scope="col" class="number">Fetched</th><th scope="col" class="number">Perhaps old</th><th scope="col" class="number">Received</th></tr></thead><tbody>

            """);
        foreach (var (status, use) in upstreams)
        {
            var (settings, pulls) = (status.Settings, status.Pulls);
            html.Write($"""<tr><th scope="row" class="name">{settings.Name}</th><td class="name"><a href="{PageUrl.Of("/", ("q", $"{settings.Prefix}/"))}">{settings.Prefix}/</a></td><td class="{(status.Away is null ? "good" : "bad")}">""");
            WriteState(html, status);
            html.Write($"""</td><td class="number">{Text(use.Repositories)}</td><td class="number">{new SizePart(use.Bytes)}""");
            if (settings.MaxSize is { } most)
            {
                html.Write($" of {new SizePart(most)}");
            }

            html.Write(
                $"""</td><td class="number">{Text(pulls.Hits)}</td><td class="number">{Text(pulls.Misses)}</td><td class="number">{Text(pulls.Stale)}</td><td class="number">{new SizePart(status.Received)}</td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
    }

    private static void WriteState(HtmlWriter html, UpstreamStatus status)
    {
        if (status.Away is not { } reason)
        {
            html.Write($"ok");
            return;
        }

        html.Write($"away");
        if (status.AwaySince is { } since)
        {
            html.Write($" since {new TimePart(since)}");
        }

        html.Write($": {reason}");
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
