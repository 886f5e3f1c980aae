using System.Text.Json;
using Registry.Core.Errors;
using Registry.Events;
using Registry.Server.Api.Events;
using Registry.Server.Configuration;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Pipeline;
using Registry.Server.Requests;

namespace Registry.Server.Endpoints;

/// <summary>Endpoints of <c>/api/v1/events</c>: the endpoints to which events are sent, what became of the last ones, and sending some again.</summary>
internal sealed class EventEndpoints(EventDispatch? events, ReadOnlyMode readOnly, RequestMemory memory, RegistryOptions options)
{
    // A reason of 300 characters, names and a digest, in JSON.
    private const int Entry = 2 * 1024;
    private const int DefaultEntries = 100;
    private const int MaxEntries = 1000;

    private static readonly string[] NoParameters = [];

    public async Task<RegistryError?> ListAsync(RequestContext request)
    {
        if (ApiParameters.CheckNames(request.Request.Query, NoParameters) is { } unknown)
        {
            return unknown;
        }

        request.TakeTurns();
        var endpoints = events is null ? [] : await events.ReadStatusAsync();
        var answer = new EndpointListAnswer { Endpoints = [.. endpoints.Select(EndpointAnswer.Of)] };
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, EventJson.Default.EndpointListAnswer));
        return null;
    }

    public async Task<RegistryError?> ListDeliveriesAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "endpoint", "state", "n") is { } unknown)
        {
            return unknown;
        }

        if (!FindEndpoint(request).TryGet(out var endpoint, out var fault) || !QueryParameter.Find(query, "state").TryGet(out var state, out fault)
            || !ApiParameters.ReadPageSize(query).TryGet(out var n, out fault))
        {
            return fault;
        }

        if (state is not (null or DeliveryAnswer.Delivered or DeliveryAnswer.SetAside))
        {
            return new RegistryError(
                RegistryErrorCode.BadRequest, $"state is '{Parameters.Echo(state)}'; allowed: {DeliveryAnswer.Delivered}, {DeliveryAnswer.SetAside}");
        }

        request.TakeTurns();
        using var held = new HeldListing(request, memory);
        var limit = Math.Min(n ?? DefaultEntries, MaxEntries);
        if (await held.ReserveAsync(limit * Entry, 2L * limit * Entry) is { } refused)
        {
            return refused;
        }

        var deliveries = await events!.ListAsync(endpoint, state is null ? null : state == DeliveryAnswer.SetAside, limit);
        var answer = new DeliveryListAnswer { Deliveries = [.. deliveries.Select(DeliveryAnswer.Of)] };
        NotStored(request);
        await held.SendAsync(JsonResponse.Serialize(writer => JsonSerializer.Serialize(writer, answer, EventJson.Default.DeliveryListAnswer)), Core.Oci.MediaTypes.Json);
        return null;
    }

    public async Task<RegistryError?> ReplayAsync(RequestContext request)
    {
        var query = request.Request.Query;
        if (ApiParameters.CheckNames(query, "endpoint", "since") is { } unknown)
        {
            return unknown;
        }

        if (!QueryParameter.Read(query, "endpoint").TryGet(out _, out var fault) || !QueryParameter.Read(query, "since").TryGet(out _, out fault)
            || !ApiParameters.ReadTime(query, "since").TryGet(out var since, out fault))
        {
            return fault;
        }

        request.TakeTurns();
        if (await UnconditionalRequest.CheckAsync(request, "an endpoint", memory.Bodies, options.Limits.HeldBody) is { } invalid)
        {
            return invalid;
        }

        if (readOnly.IsOn)
        {
            return RegistryErrorCode.ReadOnly;
        }

        if (!FindEndpoint(request).TryGet(out var endpoint, out var unfound))
        {
            return unfound;
        }

        if (await events!.ReplayAsync(endpoint, since!.Value) is not { } position)
        {
            return new RegistryError(RegistryErrorCode.EventsUnknown, $"nothing was sent to '{endpoint}' yet; it begins within some seconds");
        }

        var answer = new ReplayAnswer { Endpoint = endpoint, Position = position };
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, EventJson.Default.ReplayAnswer));
        return null;
    }

    private Result<string> FindEndpoint(RequestContext request)
    {
        if (!QueryParameter.Read(request.Request.Query, "endpoint").TryGet(out var name, out var fault))
        {
            return fault;
        }

        return events?.Find(name) is { } found
            ? found.Name
            : new RegistryError(RegistryErrorCode.EventsUnknown, $"the configuration has no endpoint '{Parameters.Echo(name)}'");
    }

    private static void NotStored(RequestContext request) => request.Response.Headers.CacheControl = "no-store";
}
