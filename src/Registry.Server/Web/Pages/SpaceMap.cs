using System.Globalization;
using Registry.Core.Space;
using Registry.Server.Web.Charts;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages;

/// <summary>Treemap of what only one repository holds: the largest, and the rest as one. The table of the page has the numbers, too.</summary>
/// <param name="largest">The repositories with the most of it, each more than 0.</param>
/// <param name="all">What all repositories hold of it, in bytes.</param>
internal readonly struct SpaceMap(IReadOnlyList<NamedSpace> largest, long all) : IHtmlPart
{
    private const int Width = 960;
    private const int Height = 320;

    // A name is written where it has room: a part of it is not the name that is read out (WCAG 2.2, 2.5.3).
    private const int CharacterWidth = 8;
    private const int Padding = 12;
    private const int LineHeight = 24;

    public void WriteTo(HtmlWriter html)
    {
        var rest = all - largest.Sum(one => one.Space.Unique);
        var tiles = largest.Select(one => (one.Name, Path: $"/repositories/{one.Name}/-/space", Bytes: one.Space.Unique)).ToList();
        if (rest > 0 && largest.Count > 0)
        {
            tiles.Add(("All others", "/?sort=size", rest));
        }

        if (tiles.Count == 0)
        {
            return;
        }

        tiles = [.. tiles.OrderByDescending(tile => tile.Bytes)];
        html.Write($"""<h2 class="wide">What would be free without a repository</h2><svg class="map wide" viewBox="0 0 960 320" role="group" aria-label="What only one repository holds">""");
        foreach (var (tile, box) in tiles.Zip(Treemap.Lay([.. tiles.Select(tile => tile.Bytes)], Width, Height)))
        {
            var name = $"{tile.Name}, {SizePart.Describe(tile.Bytes)}";
            html.Write($"""<a href="{tile.Path}" aria-label="{name}"><rect x="{Format(box.X)}" y="{Format(box.Y)}" width="{Format(box.Width)}" height="{Format(box.Height)}"><title>{name}</title></rect>""");
            var room = (int)((box.Width - Padding) / CharacterWidth);
            if (tile.Name.Length <= room && box.Height >= LineHeight)
            {
                html.Write($"""<text x="{Format(box.X + (Padding / 2.0))}" y="{Format(box.Y + LineHeight - (Padding / 2.0))}">{tile.Name}</text>""");
            }

            html.Write($"</a>");
        }

        html.Write($"</svg>\n");
    }

    private static string Format(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);
}
