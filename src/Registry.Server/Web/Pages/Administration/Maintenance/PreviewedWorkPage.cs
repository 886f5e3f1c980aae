using System.Globalization;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Endpoints;
using Registry.Server.Maintenance;
using Registry.Server.Pipeline;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Pages.Administration.Maintenance;

/// <summary>Page of maintenance that removes something: it lists first what would go, and asks. A run is started from a preview that was the last job.</summary>
/// <param name="frame">The frame of pages.</param>
/// <param name="jobs">The maintenance.</param>
/// <param name="readOnly">The read-only mode, in which only a preview works.</param>
/// <param name="forms">Reads the form.</param>
internal abstract class PreviewedWorkPage(PageFrame frame, MaintenanceJobs jobs, ReadOnlyMode readOnly, FormReader forms)
{
    private const string Preview = "preview";
    private const string Run = "run";

    /// <summary>Path of the page.</summary>
    protected abstract string Path { get; }

    /// <summary>What is asked, without its question mark.</summary>
    protected abstract string Title { get; }

    /// <summary>What a run does, in a paragraph.</summary>
    protected abstract string Effect { get; }

    /// <summary>The button that starts a run.</summary>
    protected abstract string Button { get; }

    /// <summary>True if a preview may be of one repository.</summary>
    protected virtual bool TakesRepository => false;

    /// <summary>Why there is nothing to preview, in a sentence; null if there may be.</summary>
    protected virtual string? Absence => null;

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        var token = FormTokens.For(request);
        var last = jobs.List() is [var first, ..] ? first : null;
        await frame.SendAsync(request, new PageHead(Title, Section.Administration), async output =>
        {
            output.Html.Write(
                $"""
                <div class="crumbs"><a href="{MaintenancePage.Path}">Maintenance</a> ›</div>
                <div class="title"><h1>{Title}?</h1></div>
                <p>{Effect}</p>

                """);
            if (Absence is { } reason)
            {
                output.Html.Write($"""<p class="empty">{reason}</p>""");
                return;
            }

            if (last is { Status.State: JobState.Running })
            {
                output.Html.Write($"{new JobProgressPart(last, Path)}");
                return;
            }

            if (last is not null)
            {
                await WriteAsync(output, last);
            }

            WriteForms(output.Html, token, last is not null && IsWholePreview(last) ? last : null);
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
        if (what is not (Preview or Run))
        {
            return new RegistryError(RegistryErrorCode.BadRequest, $"the form has no 'what', which is '{Preview}' or '{Run}'");
        }

        // A later job may have changed what the page has shown.
        if (what == Run && (jobs.List() is not [var shown, ..] || !IsWholePreview(shown) || fields.GetValueOrDefault("preview") != TextOf(shown.Id)))
        {
            return new RegistryError(RegistryErrorCode.PreconditionFailed, "the preview is not of the last job; make a new one, and look at it");
        }

        var text = fields.GetValueOrDefault("repository");
        RepositoryName? only = null;
        if (TakesRepository && !string.IsNullOrEmpty(text))
        {
            if (!RepositoryName.TryParse(text, out var name))
            {
                return new RegistryError(RegistryErrorCode.NameInvalid, $"'{Parameters.Echo(text)}' is not a repository name");
            }

            only = name;
        }

        var work = what == Preview ? CreatePreview(only) : CreateRun(fields.ContainsKey("force"));
        if (jobs.Start(work, request.Origin).Error is { } refused)
        {
            return refused;
        }

        SeeOther.Write(request, what == Preview ? Path : MaintenancePage.Path);
        return null;
    }

    /// <summary>Creates the work that lists what would go.</summary>
    /// <param name="only">The repository; null for all.</param>
    protected abstract IMaintenanceWork CreatePreview(RepositoryName? only);

    /// <summary>Creates the work that removes it.</summary>
    /// <param name="isConfirmed">True to remove however much it is.</param>
    protected abstract IMaintenanceWork CreateRun(bool isConfirmed);

    /// <summary>Tells whether a job was a preview of all that a run would do.</summary>
    protected abstract bool IsWholePreview(MaintenanceJob job);

    /// <summary>Finds the reason why a run after a preview must be confirmed; null if it need not be.</summary>
    protected abstract string? FindObjection(MaintenanceJob preview);

    /// <summary>Writes what a preview has found, or a run has done; nothing for a job of other work.</summary>
    protected abstract Task WriteAsync(PageOutput output, MaintenanceJob job);

    private void WriteForms(HtmlWriter html, string token, MaintenanceJob? preview)
    {
        if (readOnly.IsOn)
        {
            html.Write($"""<p class="fault">The registry is read-only, so nothing is removed. A preview works.</p>""");
        }
        else if (preview is not null)
        {
            html.Write($"""<form method="post" action="{Path}"><input type="hidden" name="token" value="{token}"><input type="hidden" name="preview" value="{TextOf(preview.Id)}">""");
            if (FindObjection(preview) is { } objection)
            {
                html.Write($"""<p class="fault"><bdi>{objection}</bdi>.</p><label><input type="checkbox" name="force" value="true"> Remove it nevertheless</label>""");
            }

            html.Write($"""<p class="actions"><button class="danger" name="what" value="{Run}">{Button}</button></p></form>""");
        }

        html.Write($"""<form method="post" action="{Path}"><input type="hidden" name="token" value="{token}">""");
        if (TakesRepository)
        {
            html.Write($"""<p class="narrow"><label>Only what would go of a repository<input name="repository" autocomplete="off" autocapitalize="none" spellcheck="false"></label></p>""");
        }

        html.Write(
            $"""
            <p class="actions"><button name="what" value="{Preview}">{(preview is null ? "Show what would go" : "Look again")}</button> <a class="button" href="{MaintenancePage.Path}">Cancel</a></p></form>

            """);
    }

    private static string TextOf(long id) => id.ToString(CultureInfo.InvariantCulture);
}
