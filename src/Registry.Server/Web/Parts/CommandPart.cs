using Registry.Server.Web.Html;

namespace Registry.Server.Web.Parts;

/// <summary>A command to copy.</summary>
/// <param name="command">The command.</param>
/// <param name="what">What is copied, for people who do not see the button.</param>
internal readonly struct CommandPart(string command, string what) : IHtmlPart
{
    public void WriteTo(HtmlWriter html) => html.Write($"""<span class="command"><code data-copy="{what}">{command}</code></span>""");
}
