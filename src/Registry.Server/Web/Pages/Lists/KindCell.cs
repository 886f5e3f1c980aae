using Registry.Core.Inventory;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Lists;

/// <summary>Two cells of a row: the platforms of a manifest, or what else it is; and its size.</summary>
/// <param name="manifest">The manifest.</param>
internal readonly struct KindCell(ManifestEntry manifest) : IHtmlPart
{
    // Beside each other in a row; the page of the image has all.
    private const int Shown = 4;

    public void WriteTo(HtmlWriter html)
    {
        html.Write($"<td>");
        foreach (var platform in manifest.Platforms.Take(Shown))
        {
            html.Write($"""<span class="kind">{platform}</span> """);
        }

        if (manifest.Platforms.Count > Shown)
        {
            html.Write($"""<span class="quiet">and {manifest.Platforms.Count - Shown} more</span>""");
        }
        else if (manifest.Platforms.Count == 0)
        {
            html.Write($"""<span class="quiet">{(manifest.Kind == ManifestKind.Index ? "index" : manifest.Kind == ManifestKind.Image ? "image" : "artifact")}</span>""");
            if (manifest is { Kind: ManifestKind.Artifact, ArtifactType: { } type })
            {
                html.Write($""" <bdi class="quiet">{type}</bdi>""");
            }
        }

        html.Write($"""</td><td class="number">""");
        if (manifest.Size is { } size)
        {
            html.Write($"{new SizePart(size)}");
        }
        else
        {
            html.Write($"""<span class="quiet">very much</span>""");
        }

        html.Write($"</td>");
    }
}
