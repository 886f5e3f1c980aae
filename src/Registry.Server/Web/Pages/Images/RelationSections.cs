using Registry.Core.Collection;
using Registry.Core.Inventory;
using Registry.Core.Oci;
using Registry.Mirror.Configuration;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Images;

/// <summary>Sections of the page of a manifest: its tags, what it is part of, and why it is kept.</summary>
internal static class RelationSections
{
    /// <summary>Number of tags, and of parents, that a page shows.</summary>
    public const int Shown = 20;

    /// <summary>Writes the sections.</summary>
    /// <param name="html">The page.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="detail">The manifest.</param>
    /// <param name="parents">Tags of the manifests that it is part of.</param>
    /// <param name="upstream">Upstream of the repository as it is configured now; null for none.</param>
    public static void Write(
        HtmlWriter html, RepositoryName repository, ManifestDetail detail, IReadOnlyDictionary<Digest, IReadOnlyList<Tag>> parents, UpstreamSettings? upstream)
    {
        html.Write($"""<h2>Why it is kept</h2><dl class="facts"><dt>Tags</dt><dd>""");
        foreach (var tag in detail.Tags.Take(Shown))
        {
            html.Write($"""<a class="kind" href="/repositories/{repository.Value}/-/tags/{tag.Tag.Value}">{new TagPart(tag.Tag)}</a> """);
        }

        WriteRest(html, detail.Tags.Count, detail.HasMoreTags);
        html.Write($"</dd><dt>Part of</dt><dd>");
        foreach (var parent in detail.Parents.Take(Shown))
        {
            html.Write($"{new DigestPart(repository, parent)} ");
            foreach (var tag in parents.GetValueOrDefault(parent) ?? [])
            {
                html.Write($"""<a class="kind" href="/repositories/{repository.Value}/-/tags/{tag.Value}">{new TagPart(tag)}</a> """);
            }
        }

        WriteRest(html, detail.Parents.Count, detail.HasMoreParents);
        html.Write($"</dd><dt>Kept</dt><dd>{Describe(detail.Keep, upstream)}</dd></dl>\n");
    }

    /// <summary>Why a manifest is kept, in a sentence.</summary>
    public static string Describe(ManifestKeep keep, UpstreamSettings? upstream) => keep.Standing switch
    {
        ManifestStanding.Held => $"Held by {string.Join(", ", HoldersOf(keep))}.",
        ManifestStanding.Unsettled => "Its subject was just pushed or deleted. The registry decides within a minute.",
        ManifestStanding.Root => "Nothing holds it, but nothing that held it was deleted either: it stays until it is deleted.",
        ManifestStanding.Pinned => "Nothing holds it, but something in the repository cannot be read, so no manifest there goes.",
        ManifestStanding.Mirrored => $"Mirrored from {keep.Upstream}. {DescribeLimits(upstream)}",
        _ => keep.ExpiresAfterSeconds is { } left and > 0
            ? $"What held it was deleted. It goes after {DurationText.Of(TimeSpan.FromSeconds(left))} of running time, unless a client asks for it or something holds it again."
            : "What held it was deleted. It goes with the next cycle of the collector.",
    };

    private static string DescribeLimits(UpstreamSettings? upstream) => upstream switch
    {
        { Keep: { } time } => $"It goes when nobody has pulled it for {DurationText.Of(time)}{(upstream.MaxSize is null ? "" : ", or when the mirror makes room for what is pulled more")}.",
        { MaxSize: not null } => "It goes when the mirror makes room for what is pulled more.",
        _ => "The mirror has no limit for it: it goes when the disk has little room, or by registry mirror forget.",
    };

    private static IEnumerable<string> HoldersOf(ManifestKeep keep) => new[]
    {
        keep.ByTag ? "its tags" : null,
        keep.ByParent ? "what it is part of" : null,
        keep.BySubject is null ? null : "the manifest that it refers to",
        keep.ByTrash ? "a deleted manifest in the trash" : null,
    }.OfType<string>();

    private static void WriteRest(HtmlWriter html, int count, bool isMore)
    {
        if (count == 0)
        {
            html.Write($"""<span class="quiet">none</span>""");
        }
        else if (count > Shown || isMore)
        {
            html.Write($"""<span class="quiet">and {count - Math.Min(count, Shown)}{(isMore ? "+" : "")} more</span>""");
        }
    }
}
