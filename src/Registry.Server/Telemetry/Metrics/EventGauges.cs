using System.Diagnostics.Metrics;
using Registry.Events;
using Registry.Events.Status;

namespace Registry.Server.Telemetry.Metrics;

/// <summary>Metrics of the events, by endpoint. Every endpoint of the configuration has all series from the start.</summary>
internal static class EventGauges
{
    /// <summary>Adds the instruments to a meter.</summary>
    public static void AddTo(Meter meter, EventDispatch events)
    {
        meter.CreateObservableCounter(
            "registry.events.attempts",
            () => events.ReadCounts().SelectMany(one => new[] { Count(one, "delivered", one.Delivered), Count(one, "failed", one.Failed) }),
            "{attempt}",
            "Attempts to deliver events, by how they ended.");
        meter.CreateObservableCounter(
            "registry.events.set_aside", () => events.ReadCounts().Select(one => new Measurement<long>(one.SetAside, Endpoint(one))), "{event}", "Events that were set aside after 3 days.");
        meter.CreateObservableGauge(
            "registry.events.delay", () => events.ReadCounts().Select(one => new Measurement<double>(one.Delay, Endpoint(one))), "s", "Age of the oldest event that is being sent; 0 without one.");
    }

    private static Measurement<long> Count(EndpointCount one, string result, long count) => new(count, new("registry.result", result), Endpoint(one));

    private static KeyValuePair<string, object?> Endpoint(EndpointCount one) => new("registry.endpoint", one.Endpoint);
}
