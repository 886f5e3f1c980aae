namespace Registry.Events.Status;

/// <summary>What became of the events of an endpoint in this process.</summary>
/// <param name="Endpoint">Name of the endpoint.</param>
/// <param name="Delivered">Number of events that were delivered.</param>
/// <param name="Failed">Number of attempts that failed.</param>
/// <param name="SetAside">Number of events that were set aside.</param>
/// <param name="Delay">Age of the oldest event that is being sent, in seconds; 0 without one.</param>
public readonly record struct EndpointCount(string Endpoint, long Delivered, long Failed, long SetAside, double Delay);
