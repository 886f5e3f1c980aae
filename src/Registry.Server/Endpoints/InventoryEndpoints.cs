using System.Text.Json;
using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Oci;
using Registry.Core.Space;
using Registry.Server.Api.Inventory;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>Endpoints of <c>/api/v1/repositories</c>, <c>/api/v1/tags</c> and <c>/api/v1/manifests</c> that tell what is in the registry.</summary>
internal sealed class InventoryEndpoints(InventoryOperations inventory, SpaceOperations space, RequestMemory memory)
{
    // A name of 255 characters, and the figures, in JSON.
    private const int RepositoryOnPage = 640;

    // A tag with ten others of 128 characters, two types of 255, and 32 platforms of 98.
    private const int TagOnPage = 6 * 1024;

    // A hundred tags of 128 characters with times and users of 255, a hundred parents of 135, and the rest of the above.
    private const int OneManifest = 128 * 1024;

    // The same as rows, as text, and in a buffer that doubles.
    private const int InRows = 4;

    public async Task<RegistryError?> ListRepositoriesAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "q", "prefix", "sort", "after", "n") is { } unknown)
        {
            return unknown;
        }

        if (!QueryParameter.Find(query, "q").TryGet(out var part, out var fault) || !QueryParameter.Find(query, "prefix").TryGet(out var prefix, out fault)
            || !QueryParameter.Find(query, "after").TryGet(out var after, out fault) || !ApiParameters.ReadOrder(query, InventoryOrders.Repositories).TryGet(out var order, out fault)
            || !ApiParameters.ReadPageSize(query).TryGet(out var n, out fault))
        {
            return fault;
        }

        request.TakeTurns();
        using var held = new HeldListing(request, memory);
        var entries = inventory.PageSize(n) + 1L;
        if (await held.ReserveAsync(entries * RepositoryOnPage, entries * RepositoryOnPage * InRows) is { } refused)
        {
            return refused;
        }

        var asked = new RepositoryQuery { Part = part ?? string.Empty, Prefix = prefix ?? string.Empty, Order = order, After = after, Limit = n };
        if (!(await inventory.ListRepositoriesAsync(asked, new Viewer(request.ListableRanges, request.MayList))).TryGet(out var page, out var error))
        {
            return error;
        }

        var answer = new RepositoryListAnswer
        {
            SizesAt = (await space.ReadDaysAsync()).MaxBy(sums => sums.Round) is { } round ? Rfc3339.Format(round.At) : null,
            Repositories = [.. page.Items.Select(RepositoryEntryAnswer.Of)],
            Next = NextPage.PathOf(request, "after", page.Next, "q", "prefix", "sort", "n"),
        };
        NextPage.Describe(request, answer.Next);
        await held.SendAsync(JsonResponse.Serialize(writer => JsonSerializer.Serialize(writer, answer, InventoryJson.Default.RepositoryListAnswer)), MediaTypes.Json);
        return null;
    }

    public async Task<RegistryError?> ListTagsAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, Route.RepositoryParameter, "prefix", "sort", "after", "n") is { } unknown)
        {
            return unknown;
        }

        if (!QueryParameter.Find(query, "prefix").TryGet(out var prefix, out var fault) || !QueryParameter.Find(query, "after").TryGet(out var after, out fault)
            || !ApiParameters.ReadOrder(query, InventoryOrders.Tags).TryGet(out var order, out fault) || !ApiParameters.ReadPageSize(query).TryGet(out var n, out fault))
        {
            return fault;
        }

        request.TakeTurns();
        using var held = new HeldListing(request, memory);
        var entries = inventory.PageSize(n) + 1L;
        if (await held.ReserveAsync(entries * TagOnPage, entries * TagOnPage * InRows) is { } refused)
        {
            return refused;
        }

        var asked = new TagQuery { Prefix = prefix ?? string.Empty, Order = order, After = after, Limit = n };
        if (!(await inventory.ListTagsAsync(request.Repository, asked, request.Aborted)).TryGet(out var page, out var error))
        {
            return error;
        }

        var answer = new TagListAnswer
        {
            Repository = request.Repository.Value,
            Tags = [.. page.Items.Select(TagEntryAnswer.Of)],
            Next = NextPage.PathOf(request, "after", page.Next, Route.RepositoryParameter, "prefix", "sort", "n"),
        };
        NextPage.Describe(request, answer.Next);
        await held.SendAsync(JsonResponse.Serialize(writer => JsonSerializer.Serialize(writer, answer, InventoryJson.Default.TagListAnswer)), MediaTypes.Json);
        return null;
    }

    public async Task<RegistryError?> ListManifestsAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, Route.RepositoryParameter, "after", "n") is { } unknown)
        {
            return unknown;
        }

        if (!ApiParameters.FindDigest(query, "after").TryGet(out var after, out var fault) || !ApiParameters.ReadPageSize(query).TryGet(out var n, out fault))
        {
            return fault;
        }

        request.TakeTurns();
        using var held = new HeldListing(request, memory);
        var entries = inventory.PageSize(n) + 1L;
        if (await held.ReserveAsync(entries * TagOnPage, entries * TagOnPage * InRows) is { } refused)
        {
            return refused;
        }

        if (!(await inventory.ListManifestsAsync(request.Repository, after, n, request.Aborted)).TryGet(out var page, out var error))
        {
            return error;
        }

        var answer = new ManifestListAnswer
        {
            Repository = request.Repository.Value,
            Manifests = [.. page.Items.Select(ManifestEntryAnswer.Of)],
            Next = NextPage.PathOf(request, "after", page.Next, Route.RepositoryParameter, "n"),
        };
        NextPage.Describe(request, answer.Next);
        await held.SendAsync(JsonResponse.Serialize(writer => JsonSerializer.Serialize(writer, answer, InventoryJson.Default.ManifestListAnswer)), MediaTypes.Json);
        return null;
    }

    public async Task<RegistryError?> GetManifestAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, Route.RepositoryParameter, Route.ReferenceParameter) is { } unknown)
        {
            return unknown;
        }

        if (!QueryParameter.Read(query, Route.ReferenceParameter).TryGet(out var text, out var missing))
        {
            return missing;
        }

        if (!Parameters.ParseReference(text).TryGet(out var reference, out var invalid))
        {
            return invalid;
        }

        request.TakeTurns();
        using var held = new HeldListing(request, memory);
        if (await held.ReserveAsync(OneManifest, OneManifest) is { } refused)
        {
            return refused;
        }

        if (!(await inventory.FindManifestAsync(request.Repository, reference, request.Aborted)).TryGet(out var detail, out var error))
        {
            return error;
        }

        NextPage.Describe(request, next: null);
        var answer = ManifestAnswer.Of(request.Repository.Value, detail);
        await held.SendAsync(JsonResponse.Serialize(writer => JsonSerializer.Serialize(writer, answer, InventoryJson.Default.ManifestAnswer)), MediaTypes.Json);
        return null;
    }
}
