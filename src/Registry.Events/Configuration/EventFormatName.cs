using System.Collections.Frozen;

namespace Registry.Events.Configuration;

/// <summary>Names of the formats of events in the configuration and in answers.</summary>
public static class EventFormatName
{
    private static readonly FrozenDictionary<EventFormat, string> Names = new Dictionary<EventFormat, string>
    {
        [EventFormat.CloudEvents] = "cloudevents",
        [EventFormat.Distribution] = "distribution",
        [EventFormat.DistributionV1] = "distribution-v1",
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, EventFormat> Formats = Names.ToFrozenDictionary(pair => pair.Value, pair => pair.Key);

    /// <summary>All names, in a fixed order.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Names.OrderBy(pair => pair.Key).Select(pair => pair.Value)];

    /// <summary>Name of a format.</summary>
    public static string Of(EventFormat format) => Names[format];

    /// <summary>Finds the format of a name.</summary>
    public static bool TryParse(string name, out EventFormat format) => Formats.TryGetValue(name, out format);
}
