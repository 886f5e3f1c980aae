using Registry.Core.Configuration;

namespace Registry.Events.Configuration;

/// <summary>Reads the file of the events (JSON; comments and trailing commas are allowed). Anything it does not understand is an error with its line.</summary>
public static class EventsConfigurationReader
{
    /// <summary>Largest number of endpoints.</summary>
    public const int MaxEndpoints = 32;

    private const string Properties = "endpoints";

    /// <summary>Reads the file's bytes, and the files that it names.</summary>
    /// <param name="json">Content of the file.</param>
    /// <param name="folder">Full path of its folder, from which the paths in it lead.</param>
    /// <exception cref="FormatException">The file is invalid, or a file that it names cannot be used; the message names the line and the allowed values.</exception>
    public static EventsConfiguration Read(ReadOnlySpan<byte> json, string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return ConfigurationJson.Read(json, (ref ConfigurationJson file) => ReadRoot(ref file, new EndpointReader(folder)));
    }

    private static EventsConfiguration ReadRoot(ref ConfigurationJson file, EndpointReader reader)
    {
        List<EndpointSettings>? endpoints = null;
        var seen = new HashSet<string>();
        file.BeginObject("the file");
        while (file.NextProperty(seen) is { } property)
        {
            if (property != Properties)
            {
                throw file.Fault($"unknown property \"{property}\"; allowed: {Properties}");
            }

            endpoints = file.ReadArray(property, "an array", reader.Read);
        }

        return endpoints switch
        {
            null => throw ConfigurationJson.Fault(1, "endpoints is missing; allowed: an array of endpoints"),
            { Count: > MaxEndpoints } => throw ConfigurationJson.Fault(1, $"there are {endpoints.Count} endpoints; allowed: {MaxEndpoints}"),
            _ => new EventsConfiguration(endpoints),
        };
    }
}
