using Registry.Server.Web.Images;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Images;

/// <summary>Section of the page of a bill of materials: its packages, searched by a part of their names.</summary>
internal static class SbomSection
{
    private const int MaxRows = 200;

    /// <summary>Writes the section.</summary>
    /// <param name="output">The page.</param>
    /// <param name="sbom">The bill.</param>
    /// <param name="path">Path of the page.</param>
    /// <param name="part">Part of the names of packages; null for all.</param>
    public static async Task WriteAsync(PageOutput output, Sbom sbom, string path, string? part)
    {
        var html = output.Html;
        var found = sbom.Packages.Where(package => part is null || package.Name.Contains(part, StringComparison.OrdinalIgnoreCase)).ToList();
        html.Write(
            $"""
            <h2 id="packages">Packages</h2>
            <p class="quiet">{sbom.Packages.Count}{(sbom.IsCut ? "+" : "")} packages, as the {sbom.Format} document says.</p>
            <form class="search" method="get" action="{path}#packages" role="search"><label>Package<input type="search" name="package" value="{part}" autocomplete="off" spellcheck="false"></label><button>Find</button></form>

            """);
        if (found.Count == 0)
        {
            html.Write($"""<p class="empty">No package has this in its name.</p>""");
            return;
        }

        html.Write($"""<div class="scroll" role="region" aria-label="Packages" tabindex="0"><table><thead><tr><th scope="col">Package</th><th scope="col">Version</th><th scope="col">License</th></tr></thead><tbody>""");
        foreach (var (name, version, license) in found.Take(MaxRows))
        {
            html.Write($"""<tr><th scope="row" class="name"><bdi>{name}</bdi></th><td class="name"><bdi>{version}</bdi></td><td class="name"><bdi>{license}</bdi></td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
        if (found.Count > MaxRows)
        {
            html.Write($"""<p class="quiet">There are {found.Count - MaxRows} more; search for a part of the name.</p>""");
        }
    }
}
