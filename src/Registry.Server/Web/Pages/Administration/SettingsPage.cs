using Registry.Core.Errors;
using Registry.Server.Configuration;
using Registry.Server.Requests;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Administration;

/// <summary>Page of the settings with which the registry has started, and where they come from. Secrets are masked, as in <c>registry config</c>.</summary>
internal sealed class SettingsPage(PageFrame frame, IReadOnlyList<EffectiveSetting> settings)
{
    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        await frame.SendAsync(request, new PageHead("Settings", Section.Administration), async output =>
        {
            var html = output.Html;
            html.Write(
                $"""
                {new AdministrationHead("settings")}<p class="quiet">As of the start of this process. Files of users, keys, rules and certificates are read again when they change.</p>
                <div class="scroll" role="region" aria-label="Settings" tabindex="0"><table>
                <thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">From</th></tr></thead><tbody>

                """);
            foreach (var setting in settings)
            {
                html.Write($"""<tr><th scope="row"><code>{setting.Name}</code></th><td class="name"><bdi>{setting.Value ?? "–"}</bdi></td><td class="{(setting.Origin == SettingOrigin.Default ? "quiet" : "")}"><bdi>{setting.DescribeOrigin()}</bdi></td></tr>""");
                html.Write($"\n");
                await output.PassAsync();
            }

            html.Write($"</tbody></table></div>\n");
        });
        return null;
    }
}
