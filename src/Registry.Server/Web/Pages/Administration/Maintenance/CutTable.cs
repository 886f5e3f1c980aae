using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages.Administration.Maintenance;

/// <summary>Table of the first items of a list that may be long, and the number of those that are left out.</summary>
internal static class CutTable
{
    // Commands list more.
    private const int Shown = 100;

    /// <summary>Writes the table under its title; nothing without items.</summary>
    /// <param name="output">The page.</param>
    /// <param name="title">Its title.</param>
    /// <param name="columns">Headings of the columns.</param>
    /// <param name="items">The items, perhaps cut off already.</param>
    /// <param name="count">Number of all items.</param>
    /// <param name="cells">Returns the cells of an item.</param>
    /// <param name="command">The command that lists more of them.</param>
    public static async Task WriteAsync<T>(
        PageOutput output, string title, IReadOnlyList<string> columns, IReadOnlyList<T> items, long count, Func<T, string[]> cells, string command)
    {
        if (items.Count == 0)
        {
            return;
        }

        var html = output.Html;
        html.Write($"""<h2>{title}</h2><div class="scroll" role="region" aria-label="{title}" tabindex="0"><table><thead><tr>""");
        foreach (var column in columns)
        {
            html.Write($"""<th scope="col">{column}</th>""");
        }

        html.Write($"</tr></thead><tbody>\n");
        foreach (var item in items.Take(Shown))
        {
            html.Write($"<tr>");
            foreach (var cell in cells(item))
            {
                html.Write($"""<td class="name"><bdi>{cell}</bdi></td>""");
            }

            html.Write($"</tr>\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
        if (count > Shown)
        {
            html.Write($"""<p class="quiet">{count - Shown} more are not shown; <code>{command}</code> lists more.</p>""");
        }
    }
}
