using Registry.Core.Errors;
using Registry.Core.Listings;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Images;

/// <summary>What refers to a manifest, such as signatures and bills of materials, and what refers to these: a signature of a bill.</summary>
internal sealed class ReferrerTree
{
    private const int Most = 50;

    // Each is a query of its own.
    private const int MostAsked = 20;
    private const int MostBelow = 10;

    // Of the fifty, with annotations; and of those below each.
    private const int MaxBytes = 64 * 1024;
    private const int MaxBytesBelow = 8 * 1024;

    private readonly List<(Referrer Referrer, Page<Referrer> Below)> _found = [];
    private bool _hasMore;

    private ReferrerTree()
    {
    }

    /// <summary>Reads the tree, whose size is bounded.</summary>
    public static async Task<Result<ReferrerTree>> ReadAsync(ReferrerOperations referrers, RepositoryName repository, Digest subject)
    {
        if (!(await referrers.ListAsync(repository, subject, null, null, MaxBytes)).TryGet(out var first, out var error))
        {
            return error;
        }

        var tree = new ReferrerTree { _hasMore = first.HasMore || first.Items.Count > Most };
        foreach (var referrer in first.Items.Take(Most))
        {
            var below = tree._found.Count < MostAsked && (await referrers.ListAsync(repository, referrer.Digest, null, null, MaxBytesBelow)).TryGet(out var page, out _)
                ? page
                : new Page<Referrer>([], false);
            tree._found.Add((referrer, below));
        }

        return tree;
    }

    public async Task WriteAsync(PageOutput output, RepositoryName repository)
    {
        if (_found.Count == 0)
        {
            return;
        }

        var html = output.Html;
        html.Write($"<h2>Referrers</h2>\n<ul class=\"tree\">");
        foreach (var (referrer, below) in _found)
        {
            html.Write($"<li>");
            Write(referrer);
            if (below.Items.Count > 0)
            {
                html.Write($"<ul>");
                foreach (var one in below.Items.Take(MostBelow))
                {
                    html.Write($"<li>");
                    Write(one);
                    html.Write($"</li>\n");
                }

                WriteRest(html, below.HasMore || below.Items.Count > MostBelow);
                html.Write($"</ul>");
            }

            html.Write($"</li>\n");
            await output.PassAsync();
        }

        WriteRest(html, _hasMore);
        html.Write($"</ul>\n");

        void Write(Referrer one) =>
            html.Write($"""{new DigestPart(repository, one.Digest)} <bdi>{one.ArtifactType ?? one.MediaType}</bdi> <span class="quiet">{new SizePart(one.Size)}</span>""");
    }

    private static void WriteRest(HtmlWriter html, bool isCut)
    {
        if (isCut)
        {
            html.Write($"""<li class="quiet">and more, which the API of referrers lists</li>""");
        }
    }
}
