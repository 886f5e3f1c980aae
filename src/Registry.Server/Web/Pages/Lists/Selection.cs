using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Http;
using Registry.Server.Web.Html;

namespace Registry.Server.Web.Pages.Lists;

/// <summary>Boxes of a table whose rows can be deleted or restored together: fields of a form that opens the page which asks before.</summary>
/// <param name="repository">The repository.</param>
/// <param name="url">Address of the table without a selection; null for a table without boxes, as of a caller who may not change anything.</param>
/// <param name="isAll">True to select all rows.</param>
/// <param name="verb">What is done: <see cref="Delete"/> or <see cref="Restore"/>.</param>
internal readonly struct Selection(RepositoryName repository, string? url, bool isAll, string verb = Selection.Delete)
{
    /// <summary>The rows are deleted.</summary>
    public const string Delete = "Delete";

    /// <summary>The rows are taken out of the trash.</summary>
    public const string Restore = "Restore";

    /// <summary>Number of rows that are changed at once: as many as a page of a list has.</summary>
    public const int Most = 50;

    /// <summary>Parameter of the address that selects all rows: <c>select=all</c>.</summary>
    private const string Parameter = "select";

    /// <summary>Reads whether all rows are selected.</summary>
    public static Result<bool> Read(IQueryCollection query) => QueryParameter.Find(query, Parameter).TryGet(out var value, out var invalid)
        ? value is null or "all" ? value is not null : new RegistryError(RegistryErrorCode.BadRequest, $"{Parameter} must be 'all'")
        : invalid;

    /// <summary>Begins the form and the table, in its row of headings.</summary>
    public void Begin(HtmlWriter html)
    {
        if (url is null)
        {
            html.Write($"""<div class="scroll"><table><thead><tr>""");
            return;
        }

        var separator = url.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        html.Write($"""<form method="get" action="/repositories/{repository.Value}/-/{(verb == Restore ? "restore" : "delete")}"><div class="scroll"><table><thead><tr><th scope="col">""");
        html.Write($"""<a class="quiet" href="{(isAll ? url : $"{url}{separator}{Parameter}=all")}" aria-label="Select {(isAll ? "none" : "all on this page")}">{(isAll ? "None" : "All")}</a></th>""");
    }

    /// <summary>Writes the cell with the box of a row.</summary>
    /// <param name="html">The page.</param>
    /// <param name="field">Field of the form.</param>
    /// <param name="value">Its value.</param>
    /// <param name="name">Name of the row.</param>
    /// <param name="isPossible">False for a row that cannot be changed, which has no box.</param>
    public void WriteBox(HtmlWriter html, string field, string value, string name, bool isPossible = true)
    {
        if (url is not null && !isPossible)
        {
            html.Write($"<td></td>");
        }
        else if (url is not null)
        {
            html.Write($"""<td><input type="checkbox" name="{field}" value="{value}" aria-label="Select {name}"{new RawHtml(isAll ? " checked" : "")}></td>""");
        }
    }

    /// <summary>Ends the table and the form.</summary>
    public void End(HtmlWriter html)
    {
        html.Write($"</tbody></table></div>\n");
        if (url is not null)
        {
            html.Write($"""<p class="actions selected"><button data-verb="{verb}">{verb} what is selected…</button></p></form>""");
        }
    }
}
