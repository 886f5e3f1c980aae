using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Space;
using Registry.Server.Api.Space;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>
/// Endpoints of <c>/api/v1/space</c>: what the repositories refer to, and what would be free without them. What several repositories share tells what exists, so only a
/// caller who may see the whole registry learns of it.
/// </summary>
internal sealed class SpaceEndpoints(SpaceOperations space, RequestMemory memory)
{
    // A name of 255 characters, or a tag of 128 with its digest, and the figures, in JSON.
    private const int EntryOnPage = 512;

    // The same as rows, as text, and in a buffer that doubles.
    private const int EntryInRows = 2048;

    // Seconds until a client may ask again for what is being computed.
    private const string Soon = "1";

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "last", "n") is { } unknown)
        {
            return unknown;
        }

        if (!QueryParameter.Find(query, "last").TryGet(out var after, out var invalid))
        {
            return invalid;
        }

        if (!ApiParameters.ReadPageSize(query).TryGet(out var n, out var noSize))
        {
            return noSize;
        }

        request.TakeTurns();
        var days = await space.ReadDaysAsync();
        using var held = new HeldListing(request, memory);
        var entries = space.PageSize(n) + 1L + days.Count;
        if (await held.ReserveAsync(entries * EntryOnPage, entries * EntryInRows) is { } refused)
        {
            return refused;
        }

        var isWhole = request.SeesWholeRegistry;
        var last = days.MaxBy(sums => sums.Round);
        var page = await space.ListAsync(after, n, request.ListableRanges, request.MayList);
        var next = page.HasMore ? $"/api/v1/space?last={Uri.EscapeDataString(page.Items[^1].Name)}{(n is null ? "" : $"&n={n}")}" : null;
        if (next is not null)
        {
            // RFC 8288, as for the catalog.
            request.Response.Headers.Link = $"<{next}>; rel=\"next\"";
        }

        var answer = new SpaceAnswer
        {
            ComputedAt = last is null ? null : Rfc3339.Format(last.At),
            Registry = isWhole && last is not null ? SpaceSumsAnswer.Of(last) : null,
            Days = isWhole && after is null ? [.. days.Select(sums => SpaceSumsAnswer.Of(sums) with { Day = sums.At.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) })] : null,
            Repositories = [.. page.Items.Select(one => RepositorySpaceAnswer.Of(one.Name, one.Space, isWhole))],
            Next = next,
        };
        Describe(request, isComputed: last is not null);
        await held.SendAsync(JsonResponse.Serialize(writer => JsonSerializer.Serialize(writer, answer, SpaceJson.Default.SpaceAnswer)), MediaTypes.Json);
        return null;
    }

    public async Task<RegistryError?> GetRepositoryAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "repository", "n") is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.ReadPageSize(query).TryGet(out var n, out var noSize))
        {
            return noSize;
        }

        request.TakeTurns();
        using var held = new HeldListing(request, memory);
        var shown = space.PageSize(n);
        if (await held.ReserveAsync(shown * EntryOnPage, shown * EntryInRows) is { } refused)
        {
            return refused;
        }

        if (!(await space.FindAsync(request.Repository)).TryGet(out var found, out var error))
        {
            return error;
        }

        var isWhole = request.SeesWholeRegistry;
        var last = (await space.ReadDaysAsync()).MaxBy(sums => sums.Round);
        var tags = await space.ComputeTagsAsync(request.Repository, isWhole, request.Aborted);
        var answer = new RepositoryTagsAnswer
        {
            ComputedAt = last is null ? null : Rfc3339.Format(last.At),
            Repository = RepositorySpaceAnswer.Of(request.Repository.Value, found, isWhole),
            Within = isWhole ? "registry" : "repository",
            Tags = tags is null ? null :
            [
                .. tags.Take(shown).Select(tag => new TagSpaceAnswer { Tag = tag.Name, Digest = tag.Digest.Value, Referred = tag.Referred, Unique = tag.Unique }),
            ],
            More = Math.Max(0, (tags?.Count ?? 0) - shown),
        };
        Describe(request, isComputed: last is not null);
        await held.SendAsync(JsonResponse.Serialize(writer => JsonSerializer.Serialize(writer, answer, SpaceJson.Default.RepositoryTagsAnswer)), MediaTypes.Json);
        return null;
    }

    // The answer depends on the caller. Before the first round has ended, there are no figures, and the client may ask again.
    private static void Describe(RequestContext request, bool isComputed)
    {
        request.Response.Headers.CacheControl = "no-store";
        if (!isComputed)
        {
            request.Response.StatusCode = StatusCodes.Status202Accepted;
            request.Response.Headers.RetryAfter = Soon;
        }
    }
}
