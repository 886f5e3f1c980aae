using Registry.Server.Requests;
using Registry.Server.Web.Assets;
using Registry.Server.Web.Html;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Parts;

/// <summary>Frame of every page: its headers, the navigation and the user.</summary>
/// <param name="title">Name of the registry.</param>
/// <param name="canLogIn">True if the registry has users who can log in here.</param>
/// <param name="assets">Style sheet, script and icon.</param>
internal sealed class PageFrame(string title, bool canLogIn, AssetStore assets)
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>Sends a page. Its status and its own headers are set already.</summary>
    /// <param name="request">The request.</param>
    /// <param name="head">What the frame shows.</param>
    /// <param name="write">Writes the content of the page.</param>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public async Task SendAsync(RequestContext request, PageHead head, Func<PageOutput, ValueTask> write)
    {
        SetHeaders(request);
        var output = new PageOutput(request);
        Begin(output.Html, request, head);
        await write(output);
        output.Html.Write(
            $"""
            </main>
            <footer>Times are in UTC. <span class="keys">Keys: <kbd>/</kbd> search, <kbd>j</kbd> and <kbd>k</kbd> move through a list.</span></footer>
            </body>
            </html>

            """);
        await output.FlushAsync();
    }

    // A page is of one caller, and of one moment. Without a referrer of its own site, a browser would send the Origin null with forms (Fetch standard, "serializing a request
    // origin"), so the policy is not no-referrer.
    private static void SetHeaders(RequestContext request)
    {
        var headers = request.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.CacheControl = "private, no-store";
        request.Response.ContentType = "text/html; charset=utf-8";
    }

    private void Begin(HtmlWriter html, RequestContext request, PageHead head)
    {
        html.Write(
            $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <title>{head.Title} · {title}</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <link rel="stylesheet" href="{assets.Style.Path}">
            <link rel="icon" href="{assets.Icon.Path}">
            <script type="module" src="{assets.Script.Path}"></script>
            </head>
            <body>
            <a class="skip" href="#main">Skip to the content</a>
            <header class="site">
            <a class="home" href="/"><img src="{assets.Icon.Path}" width="22" height="22" alt="">{title}</a>
            <nav aria-label="Main">
            <a href="/"{Current(head.Section == Section.Repositories)}>Repositories</a>
            <a href="/activity"{Current(head.Section == Section.Activity)}>Activity</a>
            <a href="/trash"{Current(head.Section == Section.Trash)}>Trash</a>
            <a href="/space"{Current(head.Section == Section.Space)}>Space</a>

            """);
        if (request.MayMaintain)
        {
            html.Write($"""<a href="/administration"{Current(head.Section == Section.Administration)}>Administration</a>""");
        }

        html.Write($"""</nav><div class="who">""");
        if (request.User is { } user)
        {
            html.Write($"""<bdi>{user}</bdi><form class="inline" method="post" action="/logout"><input type="hidden" name="token" value="{FormTokens.For(request)}"><button>Log out</button></form>""");
        }
        else if (canLogIn)
        {
            html.Write($"""<a class="button" href="/login">Log in</a>""");
        }

        html.Write(
            $"""
            </div>
            </header>
            <main id="main">

            """);
    }

    private static RawHtml Current(bool isCurrent) => new(isCurrent ? " aria-current=\"page\"" : string.Empty);
}
