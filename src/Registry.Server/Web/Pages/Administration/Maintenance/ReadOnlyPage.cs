using Registry.Core.Errors;
using Registry.Server.Maintenance;
using Registry.Server.Pipeline;
using Registry.Server.Requests;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Pages.Administration.Maintenance;

/// <summary>Turns the read-only mode on or off, after a page that asks.</summary>
internal sealed class ReadOnlyPage(PageFrame frame, ReadOnlyMode readOnly, FormReader forms)
{
    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        var token = FormTokens.For(request);
        var next = readOnly.IsOn ? "off" : "on";
        var effect = readOnly.IsOn
            ? "Pushes and deletes work again, and garbage is collected."
            : "Pulls work, pushes and deletes are refused, and nothing is collected, until the mode is turned off or the registry starts again. Requests in progress end as usual.";
        await frame.SendAsync(request, new PageHead($"Turn read-only mode {next}", Section.Administration), output =>
        {
            output.Html.Write(
                $"""
                <div class="crumbs"><a href="{MaintenancePage.Path}">Maintenance</a> ›</div>
                <div class="title"><h1>Turn the read-only mode {next}?</h1></div>
                <p>{effect}</p>
                <form class="actions" method="post" action="{MaintenancePage.Path}/read-only"><input type="hidden" name="token" value="{token}">
                <button class="main" name="mode" value="{next}">Turn it {next}</button> <a class="button" href="{MaintenancePage.Path}">Cancel</a></form>

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

        if (fields.GetValueOrDefault("mode") is not ("on" or "off"))
        {
            return new RegistryError(RegistryErrorCode.BadRequest, "the form has no 'mode', which is 'on' or 'off'");
        }

        var isOn = fields["mode"] == "on";
        if (readOnly.IsOn != isOn)
        {
            readOnly.Turn(isOn, MaintenanceJobs.NameOf(request.Origin));
        }

        SeeOther.Write(request, MaintenancePage.Path);
        return null;
    }
}
