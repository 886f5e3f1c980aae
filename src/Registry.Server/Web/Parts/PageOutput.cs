using Registry.Server.Http.Bodies;
using Registry.Server.Requests;
using Registry.Server.Web.Html;

namespace Registry.Server.Web.Parts;

/// <summary>A page on its way to the client.</summary>
/// <param name="request">The request.</param>
internal sealed class PageOutput(RequestContext request)
{
    // What a connection buffers of a page.
    private const int PieceSize = 16 * 1024;

    /// <summary>Writes the page.</summary>
    public HtmlWriter Html { get; } = new(request.Response.BodyWriter);

    /// <summary>Sends what was written if it is much. Between the rows of a long list.</summary>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public ValueTask PassAsync() => Html.Unflushed < PieceSize ? ValueTask.CompletedTask : new ValueTask(FlushAsync());

    /// <summary>Sends what was written.</summary>
    /// <exception cref="OperationCanceledException">The client has gone away.</exception>
    public async Task FlushAsync()
    {
        var count = Html.Unflushed;
        Html.Unflushed = 0;
        await BodyWriting.FlushAsync(request, count);
    }
}
