using Registry.Server.Web.Html;

namespace Registry.Server.Web.Parts;

/// <summary>Heading of a column by which the server sorts a list: a link that does it.</summary>
/// <param name="text">Name of the column.</param>
/// <param name="url">Address of the list in this order.</param>
/// <param name="current">Direction in which the list is sorted by the column; null for another order.</param>
/// <param name="isNumber">True for a column of numbers.</param>
internal readonly struct SortHeading(string text, string url, SortDirection? current, bool isNumber = false) : IHtmlPart
{
    public void WriteTo(HtmlWriter html) => html.Write($"""<th scope="col" class="{(isNumber ? "number" : "")}"{Sort()}><a href="{url}">{text}</a></th>""");

    private RawHtml Sort() => current switch
    {
        SortDirection.Ascending => new(" aria-sort=\"ascending\""),
        SortDirection.Descending => new(" aria-sort=\"descending\""),
        _ => new(string.Empty),
    };
}
