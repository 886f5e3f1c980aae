namespace Registry.Events.Configuration;

/// <summary>Configuration of the events.</summary>
/// <param name="Endpoints">The endpoints, in the order of the file. Their names are unique.</param>
public sealed record EventsConfiguration(IReadOnlyList<EndpointSettings> Endpoints);
