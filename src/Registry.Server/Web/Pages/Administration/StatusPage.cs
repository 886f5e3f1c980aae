using Registry.Core.Errors;
using Registry.Server.Endpoints.Probes;
using Registry.Server.Health;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Administration;

/// <summary>Page of the state of the registry.</summary>
internal sealed class StatusPage(PageFrame frame, StatusReader reader)
{
    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        request.TakeTurns();
        var status = await reader.ReadAsync();
        await frame.SendAsync(request, new PageHead("Status", Section.Administration), output =>
        {
            var html = output.Html;
            html.Write($"{new AdministrationHead("status")}");
            WriteHealth(html, status.Health);
            html.Write($"""<div class="columns">""");
            WriteProcess(html, status);
            WriteStorage(html, status);
            WriteCollector(html, status);
            WriteVerification(html, status);
            html.Write($"</div>\n");
            return ValueTask.CompletedTask;
        });
        return null;
    }

    private static void WriteHealth(HtmlWriter html, IReadOnlyList<HealthFinding> findings)
    {
        html.Write(
            $"""
            <div class="scroll" role="region" aria-label="Health" tabindex="0"><table>
            <thead><tr><th scope="col">Check</th><th scope="col">Result</th><th scope="col">Reason</th></tr></thead><tbody>

            """);
        foreach (var (name, state, reason) in findings)
        {
            html.Write($"""<tr><th scope="row">{name}</th><td class="{(state == HealthState.Ok ? "good" : "bad")}">{HealthEndpoints.Word(state)}</td><td class="name">{reason}</td></tr>""");
        }

        html.Write($"</tbody></table></div>\n");
    }

    private static void WriteProcess(HtmlWriter html, RegistryStatus status)
    {
        html.Write(
            $"""
            <section><h2>This process</h2><dl class="facts">
            <dt>Version</dt><dd>{ProductVersion.Text}</dd>
            <dt>Machine</dt><dd><bdi>{status.Machine}</bdi></dd>
            <dt>Started</dt><dd>{new TimePart(status.StartedAt)}, {DurationText.Of(status.Uptime)} ago</dd>

            """);
        if (status.OtherNodes is { } others)
        {
            html.Write($"<dt>Other nodes</dt><dd>{(others == 0 ? "none runs" : $"{others} run")}</dd>");
        }

        html.Write($"</dl></section>\n");
    }

    private static void WriteStorage(HtmlWriter html, RegistryStatus status)
    {
        html.Write(
            $"""
            <section><h2>Storage</h2><dl class="facts">
            <dt>Metadata</dt><dd><bdi>{status.Metadata}</bdi></dd>
            <dt>Blobs</dt><dd><bdi>{status.Bucket ?? "files in the data folder"}</bdi></dd>

            """);
        if (status.Totals is { } totals)
        {
            html.Write(
                $"""
                <dt>Stored</dt><dd>{Count.Of(totals.Blobs, "blob")} of {new SizePart(totals.StoredBytes)}, {Count.Of(totals.Manifests, "manifest")} with {Count.Of(totals.Tags, "tag")} in {Count.Of(totals.Repositories, "repository")}</dd>

                """);
        }
        else
        {
            html.Write($"<dt>Stored</dt><dd>cannot be read now</dd>");
        }

        if (status.Room is var (free, kept))
        {
            html.Write($"<dt>Free on the disk</dt><dd>{new SizePart(free)}, of which pushes leave {new SizePart(kept)}</dd>");
        }

        html.Write($"</dl></section>\n");
    }

    private static void WriteCollector(HtmlWriter html, RegistryStatus status)
    {
        var collector = status.Collector;
        html.Write($"""<section><h2>Garbage collection</h2><dl class="facts"><dt>Last cycle</dt><dd>""");
        if (collector.LastCycle is { } at)
        {
            html.Write($"{new TimePart(at)}");
        }
        else
        {
            html.Write($"{(status.OtherNodes > 0 ? "none by this node; nodes take turns" : "none since the start")}");
        }

        html.Write($"</dd><dt>Freed since the start</dt><dd>{new SizePart(collector.BytesFreed)}</dd>");
        foreach (var pause in collector.Pauses)
        {
            html.Write($"""<dt>Paused</dt><dd class="bad">{pause}</dd>""");
        }

        if (status.Totals is { } totals)
        {
            html.Write($"""<dt><a href="/trash">Trash</a></dt><dd>{Count.Of(totals.Trashed, "manifest")}, which hold {new SizePart(totals.TrashedBytes)}""");
            html.Write($"""{(collector.TrashPeriod > TimeSpan.Zero ? $"; each is kept for {DurationText.Of(collector.TrashPeriod)}" : "; nothing more is kept")}</dd>""");
        }

        html.Write($"</dl></section>\n");
    }

    private static void WriteVerification(HtmlWriter html, RegistryStatus status)
    {
        html.Write($"""<section><h2>Verification in the background</h2><dl class="facts"><dt>Everything is read</dt>""");
        html.Write($"<dd>{(status.VerifyPeriod > TimeSpan.Zero ? $"once in {DurationText.Of(status.VerifyPeriod)}" : "never")}</dd>");
        if (status.Verification is { EndedAt: { } endedAt } ended)
        {
            html.Write($"<dt>Last whole pass</dt><dd>{new TimePart(DateTimeOffset.FromUnixTimeSeconds(endedAt))}</dd><dt>Its findings</dt>{new Findings(ended.LastFindings)}");
        }
        else
        {
            html.Write($"<dt>Last whole pass</dt><dd>{(status.Verification is null ? "cannot be read now" : "none yet")}</dd>");
        }

        if (status.Verification is { Position: not null } running)
        {
            html.Write($"<dt>Findings of the pass in progress</dt>{new Findings(running.Findings)}");
        }

        html.Write($"</dl></section>\n");
    }

    private readonly struct Findings(long number) : IHtmlPart
    {
        public void WriteTo(HtmlWriter html) => html.Write(
            $"""<dd class="{(number == 0 ? "good" : "bad")}">{(number == 0 ? "none" : $"{number} damaged, missing or unreadable; the log names them, and what is damaged is in quarantine")}</dd>""");
    }
}
