using System.Globalization;
using System.Text.Json;
using Registry.Core.Activity;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Api.Activity;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>Endpoints of <c>/api/v1/activity</c>: what has happened in the repositories.</summary>
internal sealed class ActivityEndpoints(ActivityOperations activity, RequestMemory memory)
{
    // Names, digests, a user and a program of 256 characters, in JSON.
    private const int ChangeOnPage = 3 * 1024;

    // The same as rows, as text, and in a buffer that doubles.
    private const int InRows = 4;

    public Task<RegistryError?> ListAsync(RequestContext request) => ListAsync(request, request.Repository);

    public Task<RegistryError?> ListAllAsync(RequestContext request) => ListAsync(request, repository: null);

    private async Task<RegistryError?> ListAsync(RequestContext request, RepositoryName? repository)
    {
        string[] names = repository is null ? ["user", "kind"] : [Route.RepositoryParameter, "user", "kind"];
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, [.. names, "before", "n"]) is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.ReadActivity(query, repository).TryGet(out var asked, out var fault) || !ApiParameters.ReadPageSize(query).TryGet(out var n, out fault))
        {
            return fault;
        }

        request.TakeTurns();
        using var held = new HeldListing(request, memory);
        var changes = activity.PageSize(n) + 1L;
        if (await held.ReserveAsync(changes * ChangeOnPage, changes * ChangeOnPage * InRows) is { } refused)
        {
            return refused;
        }

        var page = await activity.ListAsync(asked with { Limit = n }, repository is null ? request.MayList : request.MayPull, request.OriginDetail);
        var answer = new ActivityAnswer
        {
            Changes = [.. page.Changes.Select(ActivityEntryAnswer.Of)],
            Next = NextPage.PathOf(request, "before", page.Last?.ToString(CultureInfo.InvariantCulture), [.. names, "n"]),
        };
        NextPage.Describe(request, answer.Next);
        await held.SendAsync(JsonResponse.Serialize(writer => JsonSerializer.Serialize(writer, answer, ActivityJson.Default.ActivityAnswer)), MediaTypes.Json);
        return null;
    }
}
