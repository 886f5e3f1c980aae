using System.Globalization;
using Registry.Events.Configuration;
using Registry.Server.Api.Events;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Events;

/// <summary>Endpoints and events for people. Times are in UTC.</summary>
internal static class EventTable
{
    /// <summary>Writes the endpoints of a running registry, and why some fail.</summary>
    public static void Write(TextWriter output, EndpointListAnswer list)
    {
        if (list.Endpoints.Count == 0)
        {
            output.WriteLine("No events are sent: REGISTRY_EVENTS_CONFIG is not set, or its file has no endpoints.");
            return;
        }

        TextTable.Write(output, ["ENDPOINT", "HOST", "FORMAT", "STATE", "DELIVERED", "SET ASIDE"], list.Endpoints.Select(one => (string[])
        [
            RemoteMessage.Printable(one.Name),
            RemoteMessage.Printable(one.Host),
            one.Format,
            one.State,
            Text(one.Delivered),
            Text(one.SetAside),
        ]));
        foreach (var failing in list.Endpoints.Where(one => one.State == EndpointAnswer.Failing))
        {
            output.WriteLine();
            output.WriteLine($"{RemoteMessage.Printable(failing.Name)} {RemoteMessage.Printable(failing.Reason ?? "")}, since {failing.Since}, in {failing.FailingLanes} of 16 lanes. Events wait, and are tried again.");
        }
    }

    /// <summary>Writes events that have ended.</summary>
    public static void Write(TextWriter output, DeliveryListAnswer list)
    {
        if (list.Deliveries.Count == 0)
        {
            output.WriteLine("There are none.");
            return;
        }

        TextTable.Write(output, ["TIME", "STATE", "KIND", "SUBJECT", "ATTEMPTS", "ANSWER"], list.Deliveries.Select(one => (string[])
        [
            one.Time,
            one.State,
            one.Kind,
            $"{one.Repository}{(one.Tag is { } tag ? $":{tag}" : one.Digest is { } digest ? $"@{digest}" : "")}",
            Text(one.Attempts),
            RemoteMessage.Printable(one.Reason ?? Text(one.Status ?? 0)),
        ]));
    }

    /// <summary>Writes the endpoints of a file.</summary>
    public static void Write(TextWriter output, EventsConfiguration configuration)
    {
        if (configuration.Endpoints.Count == 0)
        {
            output.WriteLine("The file is in order, and has no endpoints.");
            return;
        }

        TextTable.Write(output, ["ENDPOINT", "HOST", "FORMAT", "SIGNED"], configuration.Endpoints.Select(one => (string[])
        [
            one.Name,
            one.Url.GetLeftPart(UriPartial.Authority),
            EventFormatName.Of(one.Format),
            one.Secret is null && one.SecretFile is null ? "no" : "yes",
        ]));
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
