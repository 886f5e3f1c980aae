using Registry.Core.Inventory;
using Registry.Core.Oci;
using Registry.Server.Web.Html;
using Registry.Server.Web.Images;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Images;

/// <summary>Sections of the page of a manifest.</summary>
internal static class ImageSections
{
    /// <summary>Bytes of a manifest that its page shows.</summary>
    public const int MaxManifest = 128 * 1024;

    private const int MaxRows = 300;

    public static void WriteHead(HtmlWriter html, RepositoryName repository, Reference reference, LoadedImage image, ManifestDetail detail, bool mayDelete)
    {
        var (stored, view) = (image.Stored, image.View);
        html.Write($"""<div class="crumbs"><a href="/">Repositories</a> › <a href="/repositories/{repository.Value}">{repository.Value}</a> ›</div>""");
        html.Write($"""<div class="title"><h1><bdi>{(reference.Tag is { } tag ? tag.Value : DigestPart.Short(stored.Digest))}</bdi></h1><span class="kind">{view.Kind}</span>""");
        if (reference.Tag is { } named)
        {
            html.Write($"""<a href="/repositories/{repository.Value}/-/history/{named.Value}">History</a>""");
        }

        if (mayDelete)
        {
            html.Write($"""<a href="/repositories/{repository.Value}/-/delete?{(reference.Tag is null ? "digest" : "tag")}={(reference.Tag is { } deleted ? deleted.Value : stored.Digest.Value)}">Delete…</a>""");
        }

        html.Write($"</div>\n");
        html.Write($"""<dl class="facts"><dt>Digest</dt><dd><code data-copy="the digest">{stored.Digest.Value}</code></dd>""");
        if (view.Manifest is { } manifest)
        {
            if (!manifest.IsIndex)
            {
                html.Write($"<dt>Size</dt><dd>{new SizePart(view.ContentSize)} in {view.Layers.Count} {(view.Layers.Count == 1 ? "layer" : "layers")}, and the config</dd>");
            }

            if (view.Config is { Platform.Length: > 0 } config)
            {
                html.Write($"<dt>Platform</dt><dd><bdi>{config.Platform}</bdi></dd>");
            }

            if (view.Config?.Created is { } created)
            {
                html.Write($"<dt>Built</dt><dd><bdi>{created}</bdi></dd>");
            }

            if (view.Kind is "Artifact" or "Helm chart" && manifest.ArtifactType is not null)
            {
                html.Write($"<dt>Artifact type</dt><dd><bdi>{manifest.ArtifactType}</bdi></dd>");
            }

            if (manifest.Subject is { } subject)
            {
                html.Write($"<dt>Refers to</dt><dd>{new DigestPart(repository, subject.Digest)}</dd>");
            }
        }

        html.Write($"<dt>Pushed</dt><dd>{new TimePart(detail.Manifest.PushedAt)}");
        if (detail.Tags.FirstOrDefault(one => one.Tag == reference.Tag) is { SetAt: { } setAt } set)
        {
            html.Write($"; tag set {new TimePart(setAt)}");
            if (set.SetBy is { } user)
            {
                html.Write($" by <bdi>{user}</bdi>");
            }
        }

        html.Write($"</dd><dt>Media type</dt><dd><bdi>{stored.MediaType}</bdi></dd></dl>\n");
    }

    public static async Task WriteChildrenAsync(PageOutput output, RepositoryName repository, ImageView view)
    {
        if (view.Children.Count == 0)
        {
            return;
        }

        var html = output.Html;
        html.Write(
            $"""
            <h2>Platforms</h2>
            <div class="scroll"><table>
            <thead><tr><th scope="col">Platform</th><th scope="col">Manifest</th><th scope="col" class="wide">Media type</th></tr></thead>
            <tbody>

            """);
        foreach (var child in view.Children.Take(MaxRows))
        {
            html.Write($"""<tr><th scope="row"><bdi>{(child.Platform.Length == 0 ? "not named" : child.Platform)}</bdi></th><td>{new DigestPart(repository, child.Manifest.Digest)}</td>""");
            html.Write($"""<td class="wide"><bdi>{child.Manifest.MediaType}</bdi></td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
        WriteRest(html, view.Children.Count);
    }

    public static async Task WriteLayersAsync(PageOutput output, RepositoryName repository, ImageView view)
    {
        if (view.Layers.Count == 0)
        {
            return;
        }

        var html = output.Html;
        var largest = view.Layers.Max(layer => layer.Blob.Size);
        var isImage = view.Kind == "Image";
        html.Write($"<h2>{(isImage ? "Layers" : "Files")}</h2>\n");
        html.Write(
            $"""
            <div class="scroll"><table>
            <thead><tr><th scope="col" class="number">Size</th><th scope="col" class="wide"><span class="quiet">Part of the largest</span></th><th scope="col">{(isImage ? "Made by" : "Name")}</th><th scope="col">Digest</th></tr></thead>
            <tbody>

            """);
        foreach (var layer in view.Layers.Take(MaxRows))
        {
            html.Write($"""<tr><td class="number">{new SizePart(layer.Blob.Size)}</td><td class="wide">{new BarPart(layer.Blob.Size, largest)}</td><td class="name">""");
            if (layer.Instruction is { } instruction)
            {
                html.Write($"<code><bdi>{Brief(instruction)}</bdi></code>");
            }
            else
            {
                html.Write($"""<bdi class="quiet">{layer.Title ?? layer.Blob.MediaType}</bdi>""");
            }

            html.Write($"</td><td>{new DigestPart(repository, layer.Blob.Digest, isBlob: true)}</td></tr>\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
        WriteRest(html, view.Layers.Count);
    }

    public static void WriteManifest(HtmlWriter html, string text, int length)
    {
        html.Write($"<h2>Manifest</h2><details><summary>The bytes as they are stored, {new SizePart(length)}</summary><pre tabindex=\"0\">");
        html.WriteText(text, MaxManifest);
        html.Write($"</pre></details>\n");
    }

    private static void WriteRest(HtmlWriter html, int count)
    {
        if (count > MaxRows)
        {
            html.Write($"""<p class="quiet">The manifest has {count - MaxRows} more.</p>""");
        }
    }

    // Builders write "/bin/sh -c #(nop) CMD …" for instructions that run nothing.
    private static string Brief(string instruction) => instruction.Replace("/bin/sh -c #(nop)", string.Empty, StringComparison.Ordinal).Trim();
}
