using Registry.Server.Web.Html;

namespace Registry.Server.Web.Pages.Administration;

/// <summary>Heading of the pages for admins, with their tabs.</summary>
/// <param name="tab">The tab that is open: <c>status</c>, <c>maintenance</c>, <c>uploads</c>, <c>mirror</c>, <c>events</c>, <c>settings</c> or <c>users</c>.</param>
internal readonly struct AdministrationHead(string tab) : IHtmlPart
{
    public void WriteTo(HtmlWriter html)
    {
        html.Write($"""<div class="title"><h1>Administration</h1></div><nav class="tabs" aria-label="Administration">""");
        Write(html, "status", "/administration", "Status");
        Write(html, "maintenance", "/administration/maintenance", "Maintenance");
        Write(html, "uploads", "/administration/uploads", "Uploads");
        Write(html, "mirror", "/administration/mirror", "Mirror");
        Write(html, "events", "/administration/events", "Events");
        Write(html, "settings", "/administration/settings", "Settings");
        Write(html, "users", "/administration/users", "Users and rules");
        html.Write($"</nav>\n");
    }

    private void Write(HtmlWriter html, string name, string path, string text) =>
        html.Write($"""<a href="{path}"{new RawHtml(name == tab ? " aria-current=\"page\"" : string.Empty)}>{text}</a>""");
}
