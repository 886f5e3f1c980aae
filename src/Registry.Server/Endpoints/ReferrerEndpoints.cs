using System.Text.Json;
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

/// <summary>Endpoint of <c>/v2/&lt;name&gt;/referrers/&lt;digest&gt;</c> (OCI distribution-spec, "Listing Referrers"). Never answers 404.</summary>
/// <param name="referrers">Lists of what is stored.</param>
/// <param name="memory">Memory of requests.</param>
/// <param name="mirror">Pulls from mirrored repositories; null without a mirror.</param>
internal sealed class ReferrerEndpoints(ReferrerOperations referrers, RequestMemory memory, MirrorPulls? mirror = null)
{
    // Nearly all listings fit. Only for one that does not, the memory of the largest is reserved.
    private const int UsualPageBytes = 64 * 1024;

    // In SQLite, and as they are read from it.
    private const int CopiesOfAnnotations = 2;

    // Rows of a page without their annotations.
    private const int RowBytes = 256 * 1024;

    // Usual size of a descriptor beside its annotations.
    private const int DescriptorBytes = 512;

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
        request.TakeTurns();
        using var held = new HeldListing(request, memory);

        // The referrers of an upstream are one page, whose size is not known before.
        var isMirrored = mirror is not null && request.Mirrored is not null;
        var listed = await ListAsync(request, held, subject, filter, last, isMirrored ? ReferrerOperations.MaxPageBytes : UsualPageBytes);
        if (listed is { Error: null, Value.HasMore: true })
        {
            listed = await ListAsync(request, held, subject, filter, last, ReferrerOperations.MaxPageBytes);
        }

        if (!listed.TryGet(out var page, out var error))
        {
            return error;
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

        await held.SendAsync(Serialize(page.Items), MediaTypes.OciIndex);
        return null;
    }

    private async Task<Result<Page<Referrer>>> ListAsync(
        RequestContext request, HeldListing held, Digest subject, string? filter, Digest? last, int maxBytes) =>
        await held.ReserveAsync(maxBytes, RowBytes + (CopiesOfAnnotations * maxBytes)) is { } refused ? refused
            : mirror is not null && request.Mirrored is { } mirrored ? await ListMirroredAsync(mirror, request, mirrored, subject, filter)
            : await referrers.ListAsync(request.Repository, subject, filter, last, maxBytes);

    private static async Task<Result<Page<Referrer>>> ListMirroredAsync(
        MirrorPulls mirror, RequestContext request, MirroredName name, Digest subject, string? filter)
    {
        if (!(await mirror.ListReferrersAsync(name, subject, filter, request.User, request.Aborted)).TryGet(out var listed, out var error))
        {
            return error;
        }

        StaleWarning.Write(request.Response, listed.Freshness);
        return listed.Page;
    }

    private static ReadOnlyMemory<byte> Serialize(IReadOnlyList<Referrer> items) => JsonResponse.Serialize(
        writer => WriteIndex(writer, items),
        Math.Min(ReferrerOperations.MaxPageBytes, items.Sum(item => DescriptorBytes + item.Annotations.Length)));

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

            if (!item.Annotations.IsEmpty)
            {
                writer.WritePropertyName("annotations");
                writer.WriteRawValue(item.Annotations.Span, skipInputValidation: true);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
