using Registry.Core.Errors;
using Registry.Core.Uploads;
using Registry.Server.Http;
using Registry.Server.Pipeline;
using Registry.Server.Requests;
using Registry.Server.Web.Html;
using Registry.Server.Web.Parts;
using Registry.Server.Web.Sessions;

namespace Registry.Server.Web.Pages.Administration;

/// <summary>Page of the uploads in progress, of which an admin may end one, after a page that asks.</summary>
internal sealed class UploadsPage(PageFrame frame, UploadOperations uploads, ReadOnlyMode readOnly, FormReader forms, TimeProvider time)
{
    private const string Path = "/administration/uploads";
    private const int PageSize = 100;

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!QueryParameter.Find(request.Request.Query, "after").TryGet(out var text, out var fault) || !ParseId(text ?? $"{Guid.Empty}").TryGet(out var after, out fault))
        {
            return fault;
        }

        request.TakeTurns();
        var page = await uploads.ListAsync(after, PageSize);
        await frame.SendAsync(request, new PageHead("Uploads", Section.Administration), async output =>
        {
            output.Html.Write($"{new AdministrationHead("uploads")}");
            if (page.Items.Count == 0)
            {
                output.Html.Write($"""<p class="empty">No upload is in progress.</p>""");
            }
            else
            {
                await WriteAsync(output, page.Items);
            }

            Pager.Write(output.Html, Path, [], page.HasMore ? ("after", $"{page.Items[^1].Id}") : null, text is not null);
        });
        return null;
    }

    public async Task<RegistryError?> GetCancelAsync(RequestContext request)
    {
        if (!QueryParameter.Read(request.Request.Query, "id").TryGet(out var text, out var fault) || !ParseId(text).TryGet(out var id, out fault))
        {
            return fault;
        }

        request.TakeTurns();
        if (!(await uploads.FindAsync(id)).TryGet(out var upload, out var unknown))
        {
            return unknown;
        }

        var token = FormTokens.For(request);
        await frame.SendAsync(request, new PageHead("End an upload", Section.Administration), output =>
        {
            output.Html.Write(
                $"""
                <div class="crumbs"><a href="{Path}">Uploads</a> ›</div>
                <div class="title"><h1>End this upload?</h1></div>
                <dl class="facts"><dt>Repository</dt><dd><bdi>{upload.Repository.Value}</bdi></dd><dt>Received</dt><dd>{new SizePart(upload.Length)}</dd><dt>By</dt><dd>{new Owner(upload.Owner)}</dd></dl>
                <p>What was received is discarded, and the client must begin again. An upload that receives bytes right now is not ended.</p>
                <form class="actions" method="post" action="{Path}/cancel"><input type="hidden" name="token" value="{token}"><input type="hidden" name="id" value="{id.ToString()}">
                <button class="danger">End the upload</button> <a class="button" href="{Path}">Cancel</a></form>

                """);
            return ValueTask.CompletedTask;
        });
        return null;
    }

    public async Task<RegistryError?> CancelAsync(RequestContext request)
    {
        if (!(await forms.ReadAsync(request)).TryGet(out var fields, out var invalid) || !ParseId(fields.GetValueOrDefault("id")).TryGet(out var id, out invalid))
        {
            return invalid;
        }

        if (readOnly.IsOn)
        {
            return RegistryErrorCode.ReadOnly;
        }

        request.TakeTurns();
        if (!(await uploads.FindAsync(id)).TryGet(out var upload, out var unknown))
        {
            return unknown;
        }

        if (await uploads.CancelAsync(upload.Repository, upload.Owner, id) is { } refused)
        {
            return refused;
        }

        SeeOther.Write(request, Path);
        return null;
    }

    private static Result<Guid> ParseId(string? text) =>
        Guid.TryParseExact(text, "D", out var id) ? id : new RegistryError(RegistryErrorCode.BadRequest, "that is not the id of an upload");

    private async Task WriteAsync(PageOutput output, IReadOnlyList<UploadSession> items)
    {
        var html = output.Html;
        html.Write(
            $"""
            <div class="scroll"><table>
            <thead><tr><th scope="col">Repository</th><th scope="col" class="number">Received</th><th scope="col">Begun</th><th scope="col">Last byte</th><th scope="col" class="number">Speed</th><th scope="col">By</th><th scope="col"><span class="quiet">Change</span></th></tr></thead><tbody>

            """);
        foreach (var upload in items)
        {
            html.Write($"""<tr><th scope="row" class="name">{upload.Repository.Value}</th><td class="number">{new SizePart(upload.Length)}</td><td>""");
            if (upload.BegunAt is { } begunAt)
            {
                html.Write($"{new TimePart(begunAt)}");
            }

            html.Write($"""</td><td class="nowrap">{(upload.IdleFor > TimeSpan.Zero ? $"{DurationText.Of(upload.IdleFor)} ago" : "now")}</td><td class="number">{SpeedOf(upload)}</td><td>{new Owner(upload.Owner)}</td>""");
            html.Write($"""<td><a class="button" href="{Path}/cancel?id={upload.Id.ToString()}" aria-label="End the upload to {upload.Repository.Value}">End…</a></td></tr>""");
            html.Write($"\n");
            await output.PassAsync();
        }

        html.Write($"</tbody></table></div>\n");
    }

    // From the beginning to the last byte. Too short a time tells nothing.
    private string? SpeedOf(UploadSession upload) =>
        upload.BegunAt is { } begunAt && time.GetUtcNow() - begunAt - upload.IdleFor is { TotalSeconds: >= 1 and var seconds } ? $"{SizePart.Describe((long)(upload.Length / seconds))}/s" : null;

    private readonly struct Owner(string? user) : IHtmlPart
    {
        public void WriteTo(HtmlWriter html)
        {
            if (user is null)
            {
                html.Write($"an anonymous caller");
            }
            else
            {
                html.Write($"<bdi>{user}</bdi>");
            }
        }
    }
}
