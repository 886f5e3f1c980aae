using System.Globalization;
using Registry.Core.Errors;
using Registry.Server.Api.Maintenance;
using Registry.Server.Maintenance;
using Registry.Server.Pipeline;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Pages.Administration;

/// <summary>Collects garbage, after a page that lists what would go and asks.</summary>
internal sealed class CollectionPage(PageFrame frame, MaintenanceJobs jobs, ReadOnlyMode readOnly, FormReader forms)
{
    private const string Path = $"{MaintenancePage.Path}/gc";
    private const string Preview = "preview";
    private const string Collect = "collect";

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        var token = FormTokens.For(request);
        var last = jobs.List() is [var first, ..] ? first : null;
        await frame.SendAsync(request, new PageHead("Collect garbage", Section.Administration), async output =>
        {
            var html = output.Html;
            html.Write(
                $"""
                <div class="crumbs"><a href="{MaintenancePage.Path}">Maintenance</a> ›</div>
                <div class="title"><h1>Collect garbage?</h1></div>
                <p>A collection removes at once what is due: the collector would remove it, too, in a while. What is in the trash stays for its time.</p>

                """);
            if (last is { Status.State: JobState.Running })
            {
                html.Write($"{new JobProgressPart(last, Path)}");
            }
            else if (last?.Status.Outcome is { Report.Preview: { } preview } ended)
            {
                html.Write($"""<p class="quiet">As of {new TimePart(ended.At)}. Pushes and deletes since may have changed it.</p>""");
                await PreviewSection.WriteAsync(output, preview);
                WriteForm(html, token, last.Id, preview);
            }
            else
            {
                WriteForm(html, token, id: null, preview: null);
            }
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
        if (what is not (Preview or Collect))
        {
            return new RegistryError(RegistryErrorCode.BadRequest, "the form has no 'what', which is 'preview' or 'collect'");
        }

        // A later job may have changed what the page has shown.
        if (what == Collect && (jobs.List() is not [{ Status.Outcome.Report.Preview: not null } shown, ..] || fields.GetValueOrDefault("preview") != TextOf(shown.Id)))
        {
            return new RegistryError(RegistryErrorCode.PreconditionFailed, "the preview is not of the last job; make a new one, and look at it");
        }

        var work = new GcWork(what == Preview ? new GcRequest(IsDryRun: true) : new GcRequest(IsForced: fields.ContainsKey("force")));
        if (jobs.Start(work, request.Origin).Error is { } refused)
        {
            return refused;
        }

        SeeOther.Write(request, what == Preview ? Path : MaintenancePage.Path);
        return null;
    }

    private void WriteForm(HtmlWriter html, string token, long? id, GcPreview? preview)
    {
        if (readOnly.IsOn)
        {
            html.Write($"""<p class="fault">The registry is read-only, so nothing is collected. A preview works.</p>""");
        }

        html.Write($"""<form method="post" action="{Path}"><input type="hidden" name="token" value="{token}">""");
        if (preview?.Objection is { } objection)
        {
            html.Write($"""<p class="fault"><bdi>{objection}</bdi>.</p><label><input type="checkbox" name="force" value="true"> Remove it nevertheless</label>""");
        }

        html.Write($"""<div class="actions">""");
        if (id is { } shown && !readOnly.IsOn)
        {
            html.Write($"""<input type="hidden" name="preview" value="{TextOf(shown)}"><button class="danger" name="what" value="{Collect}">Collect</button> """);
        }

        html.Write(
            $"""
            <button name="what" value="{Preview}">{(id is null ? "Show what would go" : "Look again")}</button> <a class="button" href="{MaintenancePage.Path}">Cancel</a></div></form>

            """);
    }

    private static string TextOf(long id) => id.ToString(CultureInfo.InvariantCulture);
}
