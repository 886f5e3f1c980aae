using System.Globalization;
using System.Text.Json;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Trash;
using Registry.Server.Api.Trash;
using Registry.Server.Configuration;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>Endpoints of <c>/api/v1/trash</c>: deleted manifests, their restore and their purge.</summary>
internal sealed class TrashEndpoints(TrashOperations trash, RestoreOperations restores, PurgeOperations purges, RequestMemory memory, RegistryOptions options)
{
    // An entry with as many of the longest tags as a page shows, in JSON.
    private const int EntryOnPage = 16 * 1024;

    // The same as rows, as text, and in a buffer that doubles.
    private const int EntryInRows = 64 * 1024;

    public async Task<RegistryError?> ListAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "repository", "before", "n") is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.ReadPosition(query, "before", "the id of an entry").TryGet(out var before, out var noPosition))
        {
            return noPosition;
        }

        if (!ApiParameters.ReadPageSize(query).TryGet(out var n, out var noSize))
        {
            return noSize;
        }

        request.TakeTurns();
        using var held = new HeldListing(request, memory);
        if (await ReserveAsync(held, n) is { } refused)
        {
            return refused;
        }

        var page = await trash.ListAsync(request.Repository, before, n, request.OriginDetail);
        await SendAsync(request, held, page.Entries, page.HasMore ? $"?repository={request.Repository}&before={page.Entries[^1].Id}" : null, n);
        return null;
    }

    public async Task<RegistryError?> ListAllAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "before", "n") is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.ReadPosition(query, "before", "the id of an entry").TryGet(out var before, out var noPosition))
        {
            return noPosition;
        }

        if (!ApiParameters.ReadPageSize(query).TryGet(out var n, out var noSize))
        {
            return noSize;
        }

        request.TakeTurns();
        using var held = new HeldListing(request, memory);
        if (await ReserveAsync(held, n) is { } refused)
        {
            return refused;
        }

        var listing = await trash.ListAllAsync(before, n, request.MayList, request.OriginDetail);
        await SendAsync(request, held, listing.Entries, listing.Last is { } last ? $"/all?before={last}" : null, n);
        return null;
    }

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (!Read(request).TryGet(out var digest, out var fault))
        {
            return fault;
        }

        request.TakeTurns();
        if (!(await trash.FindAsync(request.Repository, digest, request.OriginDetail)).TryGet(out var entry, out var error))
        {
            return error;
        }

        request.Response.Headers.ETag = EntityTags.Of(entry.Id);
        var answer = TrashEntryAnswer.Of(entry, trash.ExpiresAfter(entry));
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, TrashJson.Default.TrashEntryAnswer));
        return null;
    }

    public async Task<RegistryError?> RestoreAsync(RequestContext request)
    {
        if (!(await ReadChangeAsync(request)).TryGet(out var digest, out var fault))
        {
            return fault;
        }

        var isMeant = EntityTags.Condition(request.Request.Headers.IfMatch);
        var done = await restores.RestoreAsync(request.Repository, digest, isMeant, request.Origin, request.Aborted);
        if (!done.TryGet(out var restored, out var error))
        {
            return error;
        }

        request.Change = new ContentChange { Digest = digest, Tags = restored.Tags };
        request.Response.Headers["Docker-Content-Digest"] = digest.Value;
        var answer = TrashRestoreAnswer.Of(request.Repository, restored);
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, TrashJson.Default.TrashRestoreAnswer));
        return null;
    }

    public async Task<RegistryError?> PurgeAsync(RequestContext request)
    {
        if (!(await ReadChangeAsync(request)).TryGet(out var digest, out var fault))
        {
            return fault;
        }

        var isMeant = EntityTags.Condition(request.Request.Headers.IfMatch);
        if (!(await purges.PurgeAsync(request.Repository, digest, isMeant, request.Origin)).TryGet(out var purge, out var error))
        {
            return error;
        }

        request.Change = new ContentChange { Digest = digest };
        var answer = new TrashPurgeAnswer
        {
            Repository = request.Repository.Value,
            Digest = digest.Value,
            Content = [.. purge.Content.Select(content => Describe(request, content))],
            Left = [.. purge.Left.Select(left => left.Place)],
            Erased = purge.IsComplete,
        };
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, TrashJson.Default.TrashPurgeAnswer));
        return null;
    }

    // That a repository has the content, of which the caller may not pull, tells what exists.
    private static TrashPurgeAnswer.Removed Describe(RequestContext request, PurgedContent content)
    {
        string[] heldBy = [.. content.HeldBy.Where(request.MayPull).Select(repository => repository.Value).Order(StringComparer.Ordinal)];
        return new TrashPurgeAnswer.Removed(
            content.Digest.Value, heldBy.Length > 0 ? true : request.SeesWholeRegistry ? content.HeldBy.Count > 0 : null, heldBy);
    }

    private static Result<Digest> Read(RequestContext request)
    {
        var query = request.Request.Query;
        return ApiParameters.CheckNames(query, "repository", "digest") is { } unknown ? unknown : ApiParameters.ReadDigest(query);
    }

    private async Task<Result<Digest>> ReadChangeAsync(RequestContext request)
    {
        if (!Read(request).TryGet(out var digest, out var fault))
        {
            return fault;
        }

        // A condition that cannot hold must not be ignored: the client would take it for met.
        if (request.Request.Headers.IfNoneMatch.Count > 0)
        {
            return new RegistryError(RegistryErrorCode.PreconditionFailed, "an entry of the trash is changed only while it exists; send the request without If-None-Match");
        }

        // The query says all; the body says that no web page has sent the request unasked.
        return (await JsonRequest.ReadAsync(request, memory.Bodies, options.Limits.HeldBody)).Error is { } unread ? unread : digest;
    }

    private ValueTask<RegistryError?> ReserveAsync(HeldListing held, int? n)
    {
        var entries = trash.PageSize(n) + 1L;
        return held.ReserveAsync(entries * EntryOnPage, entries * EntryInRows);
    }

    private async Task SendAsync(RequestContext request, HeldListing held, IReadOnlyList<TrashEntry> entries, string? rest, int? n)
    {
        // RFC 8288. Relative, so that it works behind any proxy. It repeats the page size of the request.
        var next = rest is null ? null : string.Create(CultureInfo.InvariantCulture, $"/api/v1/trash{rest}{(n is null ? "" : $"&n={n}")}");
        if (next is not null)
        {
            request.Response.Headers.Link = $"<{next}>; rel=\"next\"";
        }

        var answer = new TrashAnswer { Entries = [.. entries.Select(entry => TrashEntryAnswer.Of(entry, trash.ExpiresAfter(entry)))], Next = next };
        NotStored(request);
        await held.SendAsync(JsonResponse.Serialize(writer => JsonSerializer.Serialize(writer, answer, TrashJson.Default.TrashAnswer)), MediaTypes.Json);
    }

    // The answer depends on the caller, and the next change makes it wrong.
    private static void NotStored(RequestContext request) => request.Response.Headers.CacheControl = "no-store";
}
