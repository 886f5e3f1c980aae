using Registry.Core.Inventory;
using Registry.Core.Inventory.Names;
using Registry.Core.Oci;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Lists;

/// <summary>Table of manifests of a repository, with their tags, platforms and sizes.</summary>
internal static class ManifestTable
{
    /// <summary>Memory of a row with ten tags and 32 platforms, and of copies of them, in bytes.</summary>
    public const long BytesOfRow = 24 * 1024;

    /// <summary>Writes the table.</summary>
    /// <param name="output">The page.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="manifests">The manifests.</param>
    /// <param name="selection">Boxes of the rows.</param>
    /// <param name="holders">What lists the manifests; null to name none.</param>
    public static async Task WriteAsync(
        PageOutput output, RepositoryName repository, IReadOnlyList<ManifestEntry> manifests, Selection selection, IReadOnlyDictionary<Digest, ManifestHolders>? holders = null)
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
                html.Write($"""<span class="kind">{new TagPart(tag)}</span> """);
            }

            if (holders?.GetValueOrDefault(manifest.Digest) is { } listed)
            {
                html.Write($"""<span class="quiet">part of {(listed.Tags.Count == 0 ? "what is in the trash" : "")}</span>""");
                foreach (var tag in listed.Tags)
                {
                    html.Write($"""<a class="kind" href="/repositories/{repository.Value}/-/tags/{tag.Value}">{new TagPart(tag)}</a> """);
                }
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
