using Registry.Core.Errors;
using Registry.Server.Maintenance;
using Registry.Server.Pipeline;
using Registry.Server.Requests;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Pages.Administration.Maintenance;

/// <summary>Reads all stored content, after a page that asks.</summary>
internal sealed class VerificationPage(PageFrame frame, MaintenanceJobs jobs, ReadOnlyMode readOnly, FormReader forms)
{
    private const string Path = $"{MaintenancePage.Path}/verify";

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        var token = FormTokens.For(request);
        await frame.SendAsync(request, new PageHead("Verify everything", Section.Administration), output =>
        {
            var html = output.Html;
            html.Write(
                $"""
                <div class="crumbs"><a href="{MaintenancePage.Path}">Maintenance</a> ›</div>
                <div class="title"><h1>Verify everything?</h1></div>
                <p>All blobs and manifests are read, and compared with their digests. What is damaged goes into quarantine, and is no longer served.</p>

                """);
            if (readOnly.IsOn)
            {
                html.Write($"""<p class="fault">The registry is read-only, so damaged content cannot be moved: it can only be reported.</p>""");
            }

            html.Write(
                $"""
                <form method="post" action="{Path}"><input type="hidden" name="token" value="{token}">
                <p><label><input type="checkbox" name="dryRun" value="true"> Report only, change nothing</label>
                <label><input type="checkbox" name="fullSpeed" value="true"> As fast as the storage allows: pulls get slower meanwhile</label></p>
                <div class="actions"><button class="main">Verify</button> <a class="button" href="{MaintenancePage.Path}">Cancel</a></div></form>

                """);
            return ValueTask.CompletedTask;
        });
        return null;
    }

    public async Task<RegistryError?> PostAsync(RequestContext request)
    {
        if (!(await forms.ReadAsync(request)).TryGet(out var fields, out var invalid))
        {
            return invalid;
        }

        if (jobs.Start(new VerifyWork(fields.ContainsKey("dryRun"), fields.ContainsKey("fullSpeed")), request.Origin).Error is { } refused)
        {
            return refused;
        }

        SeeOther.Write(request, MaintenancePage.Path);
        return null;
    }
}
