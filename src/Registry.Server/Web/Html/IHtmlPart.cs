namespace Registry.Server.Web.Html;

/// <summary>Part of a page that writes itself, such as a size or a digest. Stands between elements only.</summary>
internal interface IHtmlPart
{
    /// <summary>Writes the part. It begins and ends between elements.</summary>
    void WriteTo(HtmlWriter html);
}
