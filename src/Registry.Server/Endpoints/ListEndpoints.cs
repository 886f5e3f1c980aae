using Registry.Core.Errors;
using Registry.Core.Operations;
using Registry.Core.Storage;
using Registry.Server.Http;
using Registry.Server.Pipeline;

namespace Registry.Server.Endpoints;

/// <summary>Endpoints of <c>/v2/_catalog</c> and <c>/v2/&lt;name&gt;/tags/list</c>.</summary>
internal sealed class ListEndpoints(ListOperations lists)
{
    public async Task<RegistryError?> GetCatalogAsync(RequestContext request)
    {
        if (!Parameters.ParsePageSize(request.Request.Query).TryGet(out var n, out var invalid))
        {
            return invalid;
        }

        if (!(await lists.ListRepositoriesAsync(Last(request), n, request.ListableRanges, request.MayList)).TryGet(out var page, out var error))
        {
            return error;
        }

        await WriteAsync(request, "repositories", page);
        return null;
    }

    public async Task<RegistryError?> GetTagsAsync(RequestContext request)
    {
        if (!Parameters.ParsePageSize(request.Request.Query).TryGet(out var n, out var invalid))
        {
            return invalid;
        }

        if (!(await lists.ListTagsAsync(request.Repository, Last(request), n)).TryGet(out var page, out var error))
        {
            return error;
        }

        await WriteAsync(request, "tags", page);
        return null;
    }

    private static string? Last(RequestContext request) => request.Request.Query["last"];

    private static async Task WriteAsync(RequestContext request, string key, Page<string> page)
    {
        if (page.HasMore)
        {
            // RFC 8288. Relative, so that it works behind any proxy. It repeats the page size of the request.
            var path = key == "tags" ? $"/v2/{request.Repository}/tags/list" : "/v2/_catalog";
            var n = request.Request.Query["n"].ToString();
            var size = n.Length > 0 ? $"n={n}&" : string.Empty;
            request.Response.Headers.Link = $"<{path}?{size}last={Uri.EscapeDataString(page.Items[^1])}>; rel=\"next\"";
        }

        await JsonResponse.WriteAsync(request, writer =>
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
    }
}
