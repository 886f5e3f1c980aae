using System.Globalization;
using Registry.Core.Errors;
using Registry.Server.Api.Maintenance;
using Registry.Server.Maintenance;
using Registry.Server.Pipeline;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Pages.Administration.Maintenance;

/// <summary>Page of the maintenance: the job that runs, what can be started, and the last jobs.</summary>
internal sealed class MaintenancePage(PageFrame frame, MaintenanceJobs jobs, ReadOnlyMode readOnly, bool isShared, FormReader forms)
{
    /// <summary>Path of the page.</summary>
    public const string Path = "/administration/maintenance";

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        var token = FormTokens.For(request);
        var list = jobs.List();
        await frame.SendAsync(request, new PageHead("Maintenance", Section.Administration), async output =>
        {
            output.Html.Write($"{new AdministrationHead("maintenance")}");
            WriteNow(output.Html, list, token);
            WriteReadOnly(output.Html);
            await WriteJobsAsync(output, list);
        });
        return null;
    }

    /// <summary>Ends the job that runs.</summary>
    public async Task<RegistryError?> CancelAsync(RequestContext request)
    {
        if (!(await forms.ReadAsync(request)).TryGet(out var fields, out var invalid))
        {
            return invalid;
        }

        if (!long.TryParse(fields.GetValueOrDefault("id"), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return new RegistryError(RegistryErrorCode.BadRequest, "the form has no 'id', which is the number of a job");
        }

        if (jobs.Cancel(id).Error is { } unknown)
        {
            return unknown;
        }

        SeeOther.Write(request, Path);
        return null;
    }

    private void WriteNow(HtmlWriter html, IReadOnlyList<MaintenanceJob> list, string token)
    {
        if (isShared)
        {
            html.Write($"""<p class="quiet">This is the node <bdi>{Environment.MachineName}</bdi>. Each node has jobs and a read-only mode of its own.</p>""");
        }

        if (list is [{ Status.State: JobState.Running } running, ..])
        {
            html.Write(
                $"""
                {new JobProgressPart(running, Path)}<form class="actions" method="post" action="{Path}/cancel"><input type="hidden" name="token" value="{token}"><input type="hidden" name="id" value="{running.Id}">
                <button class="danger">End the job</button> <span class="quiet">What it has done until then stays done.</span></form>

                """);
            return;
        }

        html.Write(
            $"""
            <p>No job runs. One runs at a time, and the registry serves meanwhile.</p>
            <p class="actions"><a class="button" href="{Path}/gc">Collect garbage…</a> <a class="button" href="{RetentionPage.PagePath}">Delete what no rule keeps…</a> <a class="button" href="{Path}/verify">Verify everything…</a></p>

            """);
    }

    private void WriteReadOnly(HtmlWriter html) => html.Write(
        $"""
        <h2>Read-only mode</h2>
        <p>{(readOnly.IsOn ? "On: pulls work, pushes and deletes are refused, nothing is collected." : "Off: pushes and deletes work, and garbage is collected.")}</p>
        <p class="actions"><a class="button" href="{Path}/read-only">Turn it {(readOnly.IsOn ? "off" : "on")}…</a></p>

        """);

    // Page of the lists of an outcome.
    private static string? ListsOf(MaintenanceReport? report) => report switch
    {
        { Preview: not null } => CollectionPage.PagePath,
        { Retained: not null } => RetentionPage.PagePath,
        _ => null,
    };

    private static async Task WriteJobsAsync(PageOutput output, IReadOnlyList<MaintenanceJob> list)
    {
        var html = output.Html;
        html.Write($"<h2>Last jobs</h2>\n");
        if (list.Count == 0)
        {
            html.Write($"""<p class="empty">No job was started since the start of the registry.</p>""");
            return;
        }

        html.Write(
            $"""
            <div class="scroll" role="region" aria-label="Last jobs" tabindex="0"><table>
            <thead><tr><th scope="col">Job</th><th scope="col">Started</th><th scope="col">By</th><th scope="col">Ended</th><th scope="col">State</th><th scope="col">Outcome</th></tr></thead><tbody>

            """);
        foreach (var job in list)
        {
            var status = job.Status;
            html.Write($"""<tr><th scope="row">{WorkParameters.Describe(job.Work.Kind, job.Work.Parameters)}</th><td>{new TimePart(job.StartedAt)}</td><td><bdi>{MaintenanceJobs.NameOf(job.Origin)}</bdi></td><td>""");
            if (status.Outcome is { } ended)
            {
                html.Write($"{new TimePart(ended.At)}");
            }

            html.Write($"""</td><td class="{(status.State == JobState.Failed ? "bad" : "")}">{status.Word}</td><td class="name"><bdi>{status.Outcome?.Text}</bdi>""");
            if (ListsOf(status.Outcome?.Report) is { } path)
            {
                html.Write($""" <a href="{path}">All of it</a>""");
            }

            html.Write($"</td></tr>\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
    }
}
