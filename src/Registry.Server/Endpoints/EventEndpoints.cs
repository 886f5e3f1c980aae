using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Registry.Core.Errors;
using Registry.Events;
using Registry.Events.Configuration;
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

    /// <summary>Finds an endpoint of the configuration.</summary>
    /// <returns>Its settings, or 404.</returns>
    public static Result<EndpointSettings> Find(EventDispatch? events, string name) => events?.Find(name) is { } found
        ? found
        : new RegistryError(RegistryErrorCode.EventsUnknown, $"the configuration has no endpoint '{Parameters.Echo(name)}'");

    /// <summary>Reads how the listed events have ended.</summary>
    /// <returns>One of <see cref="DeliveryAnswer.States"/>; null for all.</returns>
    public static Result<string?> ReadState(IQueryCollection query)
    {
        if (!QueryParameter.Find(query, "state").TryGet(out var state, out var fault))
        {
            return fault;
        }

        // A form without a choice sends an empty value.
        return string.IsNullOrEmpty(state) ? default(string)
            : DeliveryAnswer.States.Contains(state) ? state
            : new RegistryError(RegistryErrorCode.BadRequest, $"state is '{Parameters.Echo(state)}'; allowed: {string.Join(", ", DeliveryAnswer.States)}");
    }

    /// <summary>Sends again what has happened since a time.</summary>
    /// <returns>Position after which it is sent; 404, or 405 while the registry is read-only.</returns>
    public static async Task<Result<long>> ReplayAsync(EventDispatch? events, ReadOnlyMode readOnly, string name, DateTimeOffset since)
    {
        if (readOnly.IsOn)
        {
            return RegistryErrorCode.ReadOnly;
        }

        return !Find(events, name).TryGet(out var endpoint, out var unfound) ? unfound
            : await events!.ReplayAsync(endpoint.Name, since) is { } position ? position
            : new RegistryError(RegistryErrorCode.EventsUnknown, $"nothing was sent to '{name}' yet; it begins within some seconds");
    }

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

        if (!QueryParameter.Read(query, "endpoint").TryGet(out var name, out var fault) || !Find(events, name).TryGet(out var endpoint, out fault)
            || !ReadState(query).TryGet(out var state, out fault) || !ApiParameters.ReadPageSize(query).TryGet(out var n, out fault))
        {
            return fault;
        }

        request.TakeTurns();
        using var held = new HeldListing(request, memory);
        var limit = Math.Min(n ?? DefaultEntries, MaxEntries);
        if (await held.ReserveAsync(limit * Entry, 2L * limit * Entry) is { } refused)
        {
            return refused;
        }

        var deliveries = await events!.ListAsync(endpoint.Name, state is null ? null : state == DeliveryAnswer.SetAside, limit);
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

        if (!QueryParameter.Read(query, "endpoint").TryGet(out var name, out var fault) || !QueryParameter.Read(query, "since").TryGet(out _, out fault)
            || !ApiParameters.ReadTime(query, "since").TryGet(out var since, out fault))
        {
            return fault;
        }

        request.TakeTurns();
        if (await UnconditionalRequest.CheckAsync(request, "an endpoint", memory.Bodies, options.Limits.HeldBody) is { } invalid)
        {
            return invalid;
        }

        if (!(await ReplayAsync(events, readOnly, name, since!.Value)).TryGet(out var position, out var refused))
        {
            return refused;
        }

        var answer = new ReplayAnswer { Endpoint = name, Position = position };
        NotStored(request);
        await JsonResponse.WriteAsync(request, writer => JsonSerializer.Serialize(writer, answer, EventJson.Default.ReplayAnswer));
        return null;
    }

    private static void NotStored(RequestContext request) => request.Response.Headers.CacheControl = "no-store";
}
