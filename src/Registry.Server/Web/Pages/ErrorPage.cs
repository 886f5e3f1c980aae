using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Registry.Core.Errors;
using Registry.Server.Http.Bodies;
using Registry.Server.Requests;
using Registry.Server.Web.Parts;

namespace Registry.Server.Web.Pages;

/// <summary>Errors of pages, for people. Without a log-in that is needed, it leads to the log-in, whatever is stored.</summary>
internal sealed class ErrorPage(PageFrame frame) : IErrorWriter
{
    // Seconds.
    private const string RetryAfter = "5";

    public async Task WriteAsync(RequestContext request, RegistryError error)
    {
        var response = request.Response;
        if (response.HasStarted)
        {
            request.Http.Abort();
            return;
        }

        response.ContentLength = null;
        response.ContentType = null;
        response.Headers.ETag = default;
        response.Headers.Remove("Docker-Content-Digest");
        if (error.Code == RegistryErrorCode.Unauthorized)
        {
            response.StatusCode = StatusCodes.Status303SeeOther;
            response.Headers.CacheControl = "private, no-store";
            response.Headers.Location = $"/login?next={Uri.EscapeDataString(HttpMethods.IsGet(request.Request.Method) ? request.Http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget : "/")}";
            return;
        }

        response.StatusCode = error.Code.Status;
        if (error.Code.IsTransient)
        {
            response.Headers.RetryAfter = RetryAfter;
        }

        if (HttpMethods.IsHead(request.Request.Method) || (request.IsStream && request.Stream is null))
        {
            return;
        }

        var title = TitleOf(error.Code);
        await frame.SendAsync(request, new PageHead(title, Section.None), output =>
        {
            output.Html.Write($"""<div class="title"><h1>{title}</h1></div><div class="fault" role="alert">""");
            var sentence = Sentence(request, error);
            if (sentence is not null)
            {
                output.Html.Write($"<p>{sentence}</p>");
            }

            foreach (var detail in error.Details)
            {
                output.Html.Write($"<p><bdi>{(sentence is null ? Begin(detail) : detail)}</bdi></p>");
            }

            output.Html.Write($"""</div><p class="actions">""");
            var repository = request.Repository.Value;
            if (error.Code == RegistryErrorCode.ManifestUnknown)
            {
                // It may have been there, and the caller may know.
                output.Html.Write(
                    $"""<a class="button" href="/repositories/{repository}">Tags</a> <a class="button" href="/repositories/{repository}/-/activity">What happened here</a> <a class="button" href="/repositories/{repository}/-/trash">Trash</a> """);
            }

            else if (repository is not null && error.Code != RegistryErrorCode.NameUnknown)
            {
                output.Html.Write($"""<a class="button" href="/repositories/{repository}">Tags</a> <a class="button" href="/repositories/{repository}/-/trash">Trash</a> """);
            }

            output.Html.Write($"""<a class="button" href="/">Repositories</a></p>""");
            if (request.Id.Length > 0)
            {
                output.Html.Write($"""<p class="quiet">Request <code>{request.Id}</code></p>""");
            }

            return ValueTask.CompletedTask;
        });
    }

    private static string TitleOf(RegistryErrorCode code) => code.Status switch
    {
        StatusCodes.Status403Forbidden => "Not allowed",
        StatusCodes.Status404NotFound => "Not found",
        StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable => "Try again in a moment",
        >= StatusCodes.Status500InternalServerError => "The registry has a fault",
        _ => "This does not work",
    };

    // A repository that does not exist, and one that the caller may not pull from, have the same answer.
    private static string? Sentence(RequestContext request, RegistryError error) =>
        error.Code == RegistryErrorCode.NameUnknown ? "There is no such repository, or you may not pull from it."
        : error.Code == RegistryErrorCode.ManifestUnknown && request.Mirrored is not null ? "It is not here now. The mirror fetches it when a client pulls it."
        : error.Code == RegistryErrorCode.ManifestUnknown ? "The repository does not have this tag or manifest now."
        : error.Code == RegistryErrorCode.NotFound ? "There is no such page."
        : error.Code == RegistryErrorCode.Denied ? "You may not do this."
        : error.Code == RegistryErrorCode.Mirrored ? "The repository is a mirror: it has what its upstream has."
        : error.Code == RegistryErrorCode.BadRequest && error.Details.Count > 0 ? null
        : $"{Begin(error.Code.Message)}.";

    private static string Begin(string text) => text.Length == 0 ? text : $"{char.ToUpperInvariant(text[0])}{text[1..]}";
}
