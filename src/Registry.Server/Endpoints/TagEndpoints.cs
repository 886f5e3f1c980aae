using System.Text.Json;
using Registry.Core.Errors;
using Registry.Core.History;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Repositories;
using Registry.Server.Api.History;
using Registry.Server.Configuration;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>Endpoints of <c>/api/v1/tags</c>: the history of a tag, its state at a time, and setting it back.</summary>
internal sealed class TagEndpoints(HistoryOperations history, RollbackOperations rollbacks, RepositoryOperations repositories, RequestMemory memory, RegistryOptions options)
{
    // A change with two digests and a long origin, in JSON.
    private const int EntryOnPage = 1024;

    // The same as rows, as text, and in a buffer that doubles.
    private const int EntryInRows = 4096;

    public async Task<RegistryError?> GetHistoryAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "repository", "tag", "before", "n") is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.ReadTag(query).TryGet(out var tag, out var noTag))
        {
            return noTag;
        }

        if (!ApiParameters.ReadPosition(query, "before", "the position of a change").TryGet(out var before, out var noPosition))
        {
            return noPosition;
        }

        if (!ApiParameters.ReadPageSize(query).TryGet(out var n, out var noSize))
        {
            return noSize;
        }

        request.TakeTurns();
        using var held = new HeldListing(request, memory);
        var entries = Math.Min(n ?? options.PaginationDefaultLimit, options.PaginationMaxLimit) + 1L;
        if (await held.ReserveAsync(entries * EntryOnPage, entries * EntryInRows) is { } refused)
        {
            return refused;
        }

        if (!(await history.ListAsync(request.Repository, tag, before, n, request.OriginDetail)).TryGet(out var page, out var error))
        {
            return await ExplainAsync(request, error);
        }

        // RFC 8288. Relative, so that it works behind any proxy. It repeats the page size of the request.
        var next = page.HasMore ? $"/api/v1/tags/history?repository={request.Repository}&tag={tag}&before={page.Entries[^1].Position}{(n is null ? "" : $"&n={n}")}" : null;
        if (next is not null)
        {
            request.Response.Headers.Link = $"<{next}>; rel=\"next\"";
        }

        var answer = new TagHistoryAnswer
        {
            Repository = request.Repository.Value,
            Tag = tag.Value,
            Entries = [.. page.Entries.Select(HistoryEntryAnswer.Of)],
            Next = next,
        };
        NotStored(request);
        await held.SendAsync(JsonResponse.Serialize(writer => JsonSerializer.Serialize(writer, answer, HistoryJson.Default.TagHistoryAnswer)), MediaTypes.Json);
        return null;
    }

    public async Task<RegistryError?> GetStateAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "repository", "tag", "at") is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.ReadTag(query).TryGet(out var tag, out var noTag))
        {
            return noTag;
        }

        if (!ApiParameters.ReadTime(query).TryGet(out var at, out var noTime))
        {
            return noTime;
        }

        // Now is after all changes, also those that a node with a fast clock has recorded.
        request.TakeTurns();
        var found = await history.FindStateAsync(request.Repository, tag, at ?? DateTimeOffset.MaxValue, request.OriginDetail);
        if (!found.TryGet(out var state, out var error))
        {
            return await ExplainAsync(request, error);
        }

        var answer = new TagStateAnswer
        {
            Repository = request.Repository.Value,
            Tag = tag.Value,
            Digest = state.Digest?.Value,
            Since = state.Since is { } since ? HistoryEntryAnswer.Of(since) : null,
            Until = state.Until is { } until ? HistoryEntryAnswer.Of(until) : null,
        };
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, HistoryJson.Default.TagStateAnswer));
        return null;
    }

    public async Task<RegistryError?> RollBackAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "repository", "tag") is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.ReadTag(query).TryGet(out var tag, out var noTag))
        {
            return noTag;
        }

        var read = await JsonRequest.ReadAsync(request, memory.Bodies, options.Limits.HeldBody, "to", "at");
        if (!read.TryGet(out var fields, out var unread))
        {
            return unread;
        }

        if (!ApiParameters.ReadTarget(fields).TryGet(out var target, out var noTarget))
        {
            return noTarget;
        }

        var headers = request.Request.Headers;
        var done = await rollbacks.RollBackAsync(
            request.Repository, tag, target, EntityTags.Precondition(headers.IfMatch, headers.IfNoneMatch), request.Origin, request.Aborted);
        if (!done.TryGet(out var rollback, out var error))
        {
            return await ExplainAsync(request, error);
        }

        request.Change = new ContentChange
        {
            Digest = rollback.Digest,
            Moved = rollback is { IsChange: true, Before: { } moved } ? [new MovedTag(tag, moved)] : [],
        };
        request.Response.Headers["Docker-Content-Digest"] = rollback.Digest.Value;
        request.Response.Headers.ETag = EntityTags.Of(rollback.Digest);
        var answer = new RollbackAnswer
        {
            Repository = request.Repository.Value,
            Tag = tag.Value,
            Digest = rollback.Digest.Value,
            Previous = rollback.Before?.Value,
            Changed = rollback.IsChange,
        };
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, HistoryJson.Default.RollbackAnswer));
        return null;
    }

    // What is unknown under this name may be there under another one.
    private async Task<RegistryError> ExplainAsync(RequestContext request, RegistryError error) =>
        error.Code == RegistryErrorCode.ManifestUnknown && await repositories.DescribeRenameAsync(request.Repository, request.MayPull) is { } renamed
            ? new RegistryError(error.Code, [.. error.Details, renamed])
            : error;

    // The answer depends on the caller, and the next change makes it wrong.
    private static void NotStored(RequestContext request) => request.Response.Headers.CacheControl = "no-store";
}
