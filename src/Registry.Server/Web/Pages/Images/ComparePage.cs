using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Endpoints;
using Registry.Server.Http;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Images;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Images;

/// <summary>Page that compares two images of a repository: their layers, sizes and configs. Of two indexes, it compares the images of each platform.</summary>
internal sealed class ComparePage(PageFrame frame, ImageLoader images)
{
    private const int MaxRows = 300;

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!ReadReference(request, "from").TryGet(out var from, out var invalid) || !ReadReference(request, "to").TryGet(out var to, out invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        using var reserved = images.Open(request);
        if (!(await images.LoadAsync(request, from, reserved)).TryGet(out var first, out var error) || !(await images.LoadAsync(request, to, reserved)).TryGet(out var second, out error))
        {
            return error;
        }

        var repository = request.Repository;
        await frame.SendAsync(request, new PageHead($"Compare images of {repository}", Section.Repositories), async output =>
        {
            var html = output.Html;
            html.Write(
                $"""
                <div class="crumbs"><a href="/">Repositories</a> › <a href="/repositories/{repository.Value}">{repository.Value}</a> ›</div>
                <div class="title"><h1>Compare</h1></div>
                <dl class="facts">
                """);
            WriteImage(html, "First", repository, from, first);
            WriteImage(html, "Second", repository, to, second);
            html.Write($"</dl>\n");
            if (first.Stored.Digest == second.Stored.Digest)
            {
                html.Write($"""<p class="note">Both are the same manifest.</p>""");
            }
            else if (first.View.Manifest is { IsIndex: true } || second.View.Manifest is { IsIndex: true })
            {
                await WritePlatformsAsync(output, repository, first.View, second.View);
            }
            else
            {
                await WriteDifferenceAsync(output, ImageDifference.Between(first.View, second.View));
            }
        });
        return null;
    }

    private static Result<Reference> ReadReference(RequestContext request, string name) =>
        QueryParameter.Read(request.Request.Query, name).TryGet(out var text, out var missing) ? Parameters.ParseReferenceToRead(text) : missing;

    private static void WriteImage(HtmlWriter html, string name, RepositoryName repository, Reference reference, LoadedImage image)
    {
        html.Write($"<dt>{name}</dt><dd><bdi>{reference.Tag?.Value}</bdi> {new DigestPart(repository, image.Stored.Digest)}");
        if (image.View.Manifest is { IsIndex: false })
        {
            html.Write($", {new SizePart(image.View.ContentSize)} in {image.View.Layers.Count} {(image.View.Layers.Count == 1 ? "layer" : "layers")}");
        }

        html.Write($"</dd>");
    }

    private static async Task WritePlatformsAsync(PageOutput output, RepositoryName repository, ImageView first, ImageView second)
    {
        var html = output.Html;
        html.Write($"""<h2>Platforms</h2><div class="scroll" role="region" aria-label="Platforms" tabindex="0"><table><thead><tr><th scope="col">Platform</th><th scope="col">First</th><th scope="col">Second</th><th scope="col">Difference</th></tr></thead><tbody>""");
        var (ofFirst, ofSecond) = (ByPlatform(first), ByPlatform(second));
        foreach (var platform in ofFirst.Keys.Union(ofSecond.Keys).Take(MaxRows))
        {
            var (one, other) = (ofFirst.GetValueOrDefault(platform), ofSecond.GetValueOrDefault(platform));
            html.Write($"""<tr><th scope="row"><bdi>{(platform.Length == 0 ? "not named" : platform)}</bdi></th><td>""");
            Write(one);
            html.Write($"</td><td>");
            Write(other);
            html.Write($"</td><td>");
            if (one is not null && other is not null)
            {
                if (one.Manifest.Digest == other.Manifest.Digest)
                {
                    html.Write($"none");
                }
                else
                {
                    html.Write($"""<a href="{PageUrl.Of($"/repositories/{repository}/-/compare", ("from", one.Manifest.Digest.Value), ("to", other.Manifest.Digest.Value))}">Compare</a>""");
                }
            }

            html.Write($"</td></tr>\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");

        void Write(ImageChild? child)
        {
            if (child is not null)
            {
                html.Write($"{new DigestPart(repository, child.Manifest.Digest)}");
            }
        }
    }

    private static Dictionary<string, ImageChild> ByPlatform(ImageView view) =>
        view.Children.GroupBy(child => child.Platform, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);

    private static async Task WriteDifferenceAsync(PageOutput output, ImageDifference difference)
    {
        var html = output.Html;
        var (both, first, second) = (Sum(true, true), Sum(true, false), Sum(false, true));
        html.Write($"""<dl class="facts"><dt>In both</dt><dd>{new SizePart(both)}</dd><dt>Only in the first</dt><dd>{new SizePart(first)}</dd><dt>Only in the second</dt><dd>{new SizePart(second)}</dd>""");
        html.Write($"""<dt>Difference</dt><dd>{(second == first ? "the same size" : second > first ? "the second is larger by " : "the second is smaller by ")}""");
        if (second != first)
        {
            html.Write($"{new SizePart(Math.Abs(second - first))}");
        }

        html.Write($"</dd></dl>\n<h2>Layers</h2>");
        html.Write($"""<div class="scroll" role="region" aria-label="Layers" tabindex="0"><table><thead><tr><th scope="col">In</th><th scope="col" class="number">Size</th><th scope="col">Made by</th><th scope="col">Digest</th></tr></thead><tbody>""");
        foreach (var (layer, isInFirst, isInSecond) in difference.Layers.Take(MaxRows))
        {
            html.Write($"""<tr><td class="nowrap">{(!isInSecond ? "first" : !isInFirst ? "second" : "both")}</td><td class="number">{new SizePart(layer.Blob.Size)}</td>""");
            html.Write($"""<td class="name"><bdi>{layer.Instruction ?? layer.Title ?? layer.Blob.MediaType}</bdi></td><td>{new DigestPart(null, layer.Blob.Digest)}</td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
        WriteRest(html, difference.Layers.Count);
        await WriteFactsAsync(output, "Config", difference.Config);
        await WriteFactsAsync(output, "Labels", difference.Labels);
        await WriteFactsAsync(output, "Annotations", difference.Annotations);

        long Sum(bool isInFirst, bool isInSecond) =>
            ImageView.Sum(difference.Layers.Where(layer => layer.IsInFirst == isInFirst && layer.IsInSecond == isInSecond).Select(layer => layer.Layer.Blob.Size));
    }

    private static async Task WriteFactsAsync(PageOutput output, string name, IReadOnlyList<FactDifference> facts)
    {
        var html = output.Html;
        html.Write($"<h2>{name}</h2>\n");
        if (facts.Count == 0)
        {
            html.Write($"""<p class="quiet">No difference.</p>""");
            return;
        }

        html.Write($"""<div class="scroll" role="region" aria-label="{name}" tabindex="0"><table><thead><tr><th scope="col">Name</th><th scope="col">First</th><th scope="col">Second</th></tr></thead><tbody>""");
        foreach (var (fact, first, second) in facts.Take(MaxRows))
        {
            html.Write($"""<tr><th scope="row" class="name"><bdi>{fact}</bdi></th><td class="name"><bdi>{first}</bdi></td><td class="name"><bdi>{second}</bdi></td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
        WriteRest(html, facts.Count);
    }

    private static void WriteRest(HtmlWriter html, int count)
    {
        if (count > MaxRows)
        {
            html.Write($"""<p class="quiet">There are {count - MaxRows} more.</p>""");
        }
    }
}
