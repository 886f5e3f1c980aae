using Registry.Core.Errors;
using Registry.Core.Listings;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Mirror;
using Registry.Mirror.Configuration;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>Endpoints of <c>/v2/_catalog</c> and <c>/v2/&lt;name&gt;/tags/list</c>.</summary>
/// <param name="lists">Lists of what is stored.</param>
/// <param name="memory">Memory of requests.</param>
/// <param name="mirror">Pulls from mirrored repositories; null without a mirror.</param>
internal sealed class ListEndpoints(ListOperations lists, RequestMemory memory, MirrorPulls? mirror = null)
{
    // A name of 255 characters in JSON.
    private const int NameOnPage = 258;

    // The same as text, and in a buffer that doubles.
    private const int NameInRows = 1536;

    public Task<RegistryError?> GetCatalogAsync(RequestContext request) =>
        AnswerAsync(request, "repositories", (last, n) => lists.ListRepositoriesAsync(last, n, request.ListableRanges, request.MayList));

    public Task<RegistryError?> GetTagsAsync(RequestContext request) =>
        AnswerAsync(request, "tags", (last, n) => mirror is not null && request.Mirrored is { } mirrored
            ? ListMirroredAsync(mirror, request, mirrored, last, n)
            : lists.ListTagsAsync(request.Repository, last, n));

    private async Task<RegistryError?> AnswerAsync(RequestContext request, string key, Func<string?, int?, Task<Result<Page<string>>>> list)
    {
        if (!Parameters.ParsePageSize(request.Request.Query).TryGet(out var n, out var invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        using var held = new HeldListing(request, memory);
        if (await ReserveAsync(held, mirror is not null && request.Mirrored is not null ? MirrorPulls.MaxTags : lists.PageSize(n)) is { } refused)
        {
            return refused;
        }

        if (!(await list(request.Request.Query["last"], n)).TryGet(out var page, out var error))
        {
            return error;
        }

        await WriteAsync(request, held, key, page);
        return null;
    }

    private static async Task<Result<Page<string>>> ListMirroredAsync(MirrorPulls mirror, RequestContext request, MirroredName name, string? last, int? n)
    {
        if (!(await mirror.ListTagsAsync(name, last, n, request.User, request.Aborted)).TryGet(out var listed, out var error))
        {
            return error;
        }

        StaleWarning.Write(request.Response, listed.Freshness);
        return listed.Page;
    }

    private static ValueTask<RegistryError?> ReserveAsync(HeldListing held, int size)
    {
        var names = size + 1L;
        return held.ReserveAsync(names * NameOnPage, names * NameInRows);
    }

    private static async Task WriteAsync(RequestContext request, HeldListing held, string key, Page<string> page)
    {
        if (page.HasMore)
        {
            // RFC 8288. Relative, so that it works behind any proxy. It repeats the page size of the request.
            var path = key == "tags" ? $"/v2/{request.Repository}/tags/list" : "/v2/_catalog";
            var n = request.Request.Query["n"].ToString();
            var size = n.Length > 0 ? $"n={n}&" : string.Empty;
            request.Response.Headers.Link = $"<{path}?{size}last={Uri.EscapeDataString(page.Items[^1])}>; rel=\"next\"";
        }

        var body = JsonResponse.Serialize(writer =>
        {
            writer.WriteStartObject();
            if (key == "tags")
            {
                writer.WriteString("name", request.Repository.Value);
            }

            writer.WriteStartArray(key);
            foreach (var item in page.Items)
            {
                writer.WriteStringValue(item);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
        await held.SendAsync(body, MediaTypes.Json);
    }
}
