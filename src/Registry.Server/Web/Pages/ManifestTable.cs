using Registry.Core.Inventory;
using Registry.Core.Oci;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages;

/// <summary>Table of manifests of a repository, with their tags, platforms and sizes.</summary>
internal static class ManifestTable
{
    /// <summary>Memory of a row with ten tags and 32 platforms, and of copies of them, in bytes.</summary>
    public const long BytesOfRow = 24 * 1024;

    public static async Task WriteAsync(PageOutput output, RepositoryName repository, IReadOnlyList<ManifestEntry> manifests, Selection selection)
    {
        var html = output.Html;
        selection.Begin(html);
        html.Write($"""<th scope="col">Digest</th><th scope="col">Tags</th><th scope="col">Platforms</th><th scope="col" class="number">Size</th><th scope="col">Pushed</th><th scope="col">Refers to</th></tr></thead><tbody>""");
        foreach (var manifest in manifests)
        {
            html.Write($"<tr>");
            selection.WriteBox(html, "digest", manifest.Digest.Value, DigestPart.Short(manifest.Digest));
            html.Write($"""<th scope="row">{new DigestPart(repository, manifest.Digest)}</th><td class="name">""");
            foreach (var tag in manifest.Tags)
            {
                html.Write($"""<span class="kind">{tag.Value}</span> """);
            }

            html.Write($"{(manifest.HasMoreTags ? "and more" : "")}</td>{new KindCell(manifest)}<td>{new TimePart(manifest.PushedAt)}</td><td>");
            if (manifest.Subject is { } subject)
            {
                html.Write($"{new DigestPart(repository, subject)}");
            }

            html.Write($"</td></tr>\n");
            await output.PassAsync();
        }

        selection.End(html);
    }
}
