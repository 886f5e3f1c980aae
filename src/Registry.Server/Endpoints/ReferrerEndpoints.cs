using System.Text.Json;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Operations;
using Registry.Core.Storage;
using Registry.Server.Http;
using Registry.Server.Pipeline;

namespace Registry.Server.Endpoints;

/// <summary>Endpoint of <c>/v2/&lt;name&gt;/referrers/&lt;digest&gt;</c> (OCI distribution-spec, "Listing Referrers"). Never answers 404.</summary>
#pragma warning disable CA1001 // A semaphore holds nothing to dispose until its wait handle is used.
internal sealed class ReferrerEndpoints(ReferrerOperations referrers)
#pragma warning restore CA1001
{
    // A page of 4 MiB takes some 30 MiB while it is read and written as JSON.
    private const int MaxAtOnce = 4;

    private static readonly TimeSpan TurnWait = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _turns = new(MaxAtOnce);

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!Digest.TryParse(request.Parameter, out var subject))
        {
            return Parameters.InvalidDigest(request.Parameter);
        }

        var query = request.Request.Query;
        Digest? last = null;
        if (query.TryGetValue("last", out var lastText))
        {
            if (!Digest.TryParse(lastText.ToString(), out var lastDigest))
            {
                return Parameters.InvalidDigest(lastText.ToString());
            }

            last = lastDigest;
        }

        // An unescaped plus sign is decoded as a space, which no media type contains.
        var filter = query.TryGetValue("artifactType", out var filterText) ? filterText.ToString().Replace(' ', '+') : null;
        filter = string.IsNullOrEmpty(filter) ? null : filter;
        if (!await _turns.WaitAsync(TurnWait, request.Aborted))
        {
            return RegistryErrorCode.TooManyRequests;
        }

        ReadOnlyMemory<byte> index;
        Page<Referrer>? page;
        try
        {
            if (!(await referrers.ListAsync(request.Repository, subject, filter, last)).TryGet(out page, out var error))
            {
                return error;
            }

            index = JsonResponse.Serialize(writer => WriteIndex(writer, page.Items));
        }
        finally
        {
            _turns.Release();
        }

        if (filter is not null)
        {
            request.Response.Headers["OCI-Filters-Applied"] = "artifactType";
        }

        if (page.HasMore)
        {
            var type = filter is null ? string.Empty : $"artifactType={Uri.EscapeDataString(filter)}&";
            request.Response.Headers.Link =
                $"</v2/{request.Repository}/referrers/{subject}?{type}last={Uri.EscapeDataString(page.Items[^1].Digest.Value)}>; rel=\"next\"";
        }

        await JsonResponse.WriteAsync(request, index, MediaTypes.OciIndex);
        return null;
    }

    private static void WriteIndex(Utf8JsonWriter writer, IReadOnlyList<Referrer> items)
    {
        writer.WriteStartObject();
        writer.WriteNumber("schemaVersion", 2);
        writer.WriteString("mediaType", MediaTypes.OciIndex);
        writer.WriteStartArray("manifests");
        foreach (var item in items)
        {
            writer.WriteStartObject();
            writer.WriteString("mediaType", item.MediaType);
            writer.WriteString("digest", item.Digest.Value);
            writer.WriteNumber("size", item.Size);
            if (item.ArtifactType is not null)
            {
                writer.WriteString("artifactType", item.ArtifactType);
            }

            if (item.Annotations is not null)
            {
                writer.WritePropertyName("annotations");
                writer.WriteRawValue(item.Annotations);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
