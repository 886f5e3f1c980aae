using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Repositories;
using Registry.Server.Api.Repositories;
using Registry.Server.Configuration;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>Endpoints of <c>/api/v1/repositories</c>: what a repository holds, its rename, its deletion, and the restore of what was deleted with it.</summary>
internal sealed class RepositoryEndpoints(
    RepositoryOperations repositories, RepositoryRestoreOperations restores, RequestMemory memory, RegistryOptions options)
{
    // The entries of the trash that a part looks at, each with as many of the longest tags as a page of the trash has; and the answer, whose reasons have a few digests.
    private const int RowsOfRestore = RepositoryRestoreOperations.MaxEntries * 64 * 1024;
    private const int AnswerOfRestore = 1024 * 1024;

    // Reasons of a refusal: an index names each child that is gone.
    private const int MaxReasons = 10;

    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        if (ApiParameters.CheckNames(request.Request.Query, Route.RepositoryParameter) is { } unknown)
        {
            return unknown;
        }

        request.TakeTurns();
        if (!(await repositories.FindAsync(request.Repository, request.MayPull)).TryGet(out var summary, out var error))
        {
            return error;
        }

        var answer = new RepositoryAnswer
        {
            Repository = request.Repository.Value,
            Manifests = summary.Manifests,
            Tags = summary.Tags,
            Blobs = summary.Blobs,
            Bytes = summary.Bytes,
            Trashed = summary.Trashed,
            TrashSeconds = (long)repositories.TrashPeriod.TotalSeconds,
        };
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, RepositoryJson.Default.RepositoryAnswer));
        return null;
    }

    public async Task<RegistryError?> RenameAsync(RequestContext request)
    {
        if (ApiParameters.CheckNames(request.Request.Query, Route.RepositoryParameter, Route.TargetParameter) is { } unknown)
        {
            return unknown;
        }

        if (await CheckAsync(request) is { } invalid)
        {
            return invalid;
        }

        var newName = request.Target!.Value;
        if (await repositories.RenameAsync(request.Repository, newName, request.MayPull, request.Origin) is { } refused)
        {
            return refused;
        }

        var answer = new RepositoryRenameAnswer { Repository = newName.Value, Previous = request.Repository.Value };
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, RepositoryJson.Default.RepositoryRenameAnswer));
        return null;
    }

    public async Task<RegistryError?> DeleteAsync(RequestContext request)
    {
        if (ApiParameters.CheckNames(request.Request.Query, Route.RepositoryParameter) is { } unknown)
        {
            return unknown;
        }

        if (await CheckAsync(request) is { } invalid)
        {
            return invalid;
        }

        if (!(await repositories.DeleteAsync(request.Repository, request.MayPull, request.Origin, request.Aborted)).TryGet(out var deletion, out var refused))
        {
            return refused;
        }

        request.Change = new ContentChange { Manifests = deletion.Manifests, TagCount = deletion.Tags, Size = deletion.Bytes };

        // In both cases, the audit line has what is gone.
        if (deletion.Fault is { } fault)
        {
            ExceptionDispatchInfo.Throw(fault);
        }

        if (deletion.Stopped is { } stopped)
        {
            return new RegistryError(stopped.Code, [.. stopped.Details, Describe(deletion)]);
        }

        var answer = new RepositoryDeletionAnswer
        {
            Repository = request.Repository.Value,
            Manifests = deletion.Manifests,
            Tags = deletion.Tags,
            Blobs = deletion.Blobs,
            Bytes = deletion.Bytes,
            Trashed = deletion.Trashed,
            TrashSeconds = (long)repositories.TrashPeriod.TotalSeconds,
            IsGone = deletion.IsGone,
        };
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, RepositoryJson.Default.RepositoryDeletionAnswer));
        return null;
    }

    public async Task<RegistryError?> RestoreAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, Route.RepositoryParameter, "deletion", "before", "n") is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.FindDigest(query, "deletion").TryGet(out var deletion, out var noDigest))
        {
            return noDigest;
        }

        if (!ApiParameters.ReadPosition(query, "before", "the id of an entry").TryGet(out var before, out var noPosition))
        {
            return noPosition;
        }

        if (!ApiParameters.ReadPageSize(query).TryGet(out var n, out var noSize))
        {
            return noSize;
        }

        if (await CheckAsync(request) is { } invalid)
        {
            return invalid;
        }

        using var held = new HeldListing(request, memory);
        if (await held.ReserveAsync(AnswerOfRestore, RowsOfRestore) is { } noMemory)
        {
            return noMemory;
        }

        if (!(await restores.RestoreAsync(request.Repository, deletion, before, n, request.MayPull, request.Origin, request.Aborted)).TryGet(out var restore, out var refused))
        {
            return refused;
        }

        // In both cases, the audit line has what is back.
        request.Change = new ContentChange { Manifests = restore.Manifests, TagCount = restore.Tags };
        if (restore.Fault is { } fault)
        {
            ExceptionDispatchInfo.Throw(fault);
        }

        var answer = new RepositoryRestoreAnswer
        {
            Repository = request.Repository.Value,
            Manifests = restore.Manifests,
            Tags = restore.Tags,
            Kept = [.. restore.Kept.Select(kept => new RepositoryRestoreAnswer.LeftTag(kept.Tag.Value, kept.Digest.Value, kept.Restored.Value))],
            MoreKept = restore.MoreKept,
            Refused = [.. restore.Refused.Select(one => new RepositoryRestoreAnswer.RefusedManifest(one.Digest.Value, Describe(one.Error)))],
            Earlier = restore.Earlier,
            Next = restore.Next is { } last ? NextPart(request.Repository, restore.Deletion, last, n) : null,
        };
        NotStored(request);
        await held.SendAsync(JsonResponse.Serialize(writer => JsonSerializer.Serialize(writer, answer, RepositoryJson.Default.RepositoryRestoreAnswer)), MediaTypes.Json);
        return null;
    }

    // Relative, so that it works behind any proxy. It is no link to follow by GET, so no header has it.
    private static string NextPart(RepositoryName repository, Digest? deletion, long before, int? n) => string.Create(
        CultureInfo.InvariantCulture,
        $"/api/v1/repositories/restore?repository={repository}{(deletion is { } named ? $"&deletion={named}" : "")}&before={before}{(n is null ? "" : $"&n={n}")}");

    private static string Describe(RegistryError error) => error.Details.Count == 0
        ? error.Code.Message
        : $"{string.Join("; ", error.Details.Take(MaxReasons))}{(error.Details.Count > MaxReasons ? $"; and {error.Details.Count - MaxReasons} more" : "")}";

    private static string Describe(RepositoryDeletion deletion) => deletion.Manifests + deletion.Tags + deletion.Blobs == 0
        ? "nothing was deleted"
        : $"{Count.Of(deletion.Manifests, "manifest")} with {Count.Of(deletion.Tags, "tag")} had been deleted before";

    // A condition that cannot hold must not be ignored: the client would take it for met.
    private async Task<RegistryError?> CheckAsync(RequestContext request)
    {
        var headers = request.Request.Headers;
        return headers.IfMatch.Count > 0 || headers.IfNoneMatch.Count > 0
            ? new RegistryError(RegistryErrorCode.PreconditionFailed, "a repository has no entity tag; send the request without If-Match and If-None-Match")
            : (await JsonRequest.ReadAsync(request, memory.Bodies, options.Limits.HeldBody)).Error;
    }

    // The answer depends on the caller, and the next change makes it wrong.
    private static void NotStored(RequestContext request) => request.Response.Headers.CacheControl = "no-store";
}
