using Registry.Core.Policies.Rules;
using Registry.Server.Api.Policies;
using Registry.Server.Configuration;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Administration;

/// <summary>Section of the rules about repositories that are in force.</summary>
internal static class PolicySection
{
    // More than people write by hand; the file has all of them.
    private const int Shown = 500;

    public static async Task WriteAsync(PageOutput output, PolicyRules policies)
    {
        var html = output.Html;
        html.Write($"<h2>Rules about repositories</h2>\n");
        if (policies.Rules.Count == 0)
        {
            html.Write($"""<p class="empty">There is no rule: {PolicyFile.Setting} is not set, or its file has none.</p>""");
            return;
        }

        html.Write(
            $"""
            <p class="quiet">Every rule that matches the repository holds. <code>registry policy explain REPO:TAG</code> tells which apply.{RetentionHint(policies)}</p>
            <div class="scroll" role="region" aria-label="Rules about repositories" tabindex="0"><table>
            <thead><tr><th scope="col" class="number">Line</th><th scope="col">Repository</th><th scope="col">Says</th></tr></thead><tbody>

            """);
        foreach (var rule in policies.Rules.Take(Shown))
        {
            html.Write($"""<tr><td class="number">{rule.Line}</td><td class="name"><code>{rule.Repository.Text}</code></td><td><bdi>{string.Join("; ", PolicyWords.Of(rule, tag: null))}</bdi></td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
        if (policies.Rules.Count > Shown)
        {
            html.Write($"""<p class="quiet">{policies.Rules.Count - Shown} more are in the file.</p>""");
        }
    }

    private static RawHtml RetentionHint(PolicyRules policies) => new(policies.Rules.Any(rule => rule.IsAboutRetention)
        ? " <a href=\"/administration/maintenance/retention\">What a run of the retention would delete, and why</a>."
        : string.Empty);
}
