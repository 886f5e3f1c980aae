namespace Registry.Events.Configuration;

/// <summary>Form of the body of an event.</summary>
public enum EventFormat
{
    /// <summary>CloudEvents 1.0, structured JSON: <c>cloudevents</c>.</summary>
    CloudEvents,

    /// <summary>The envelope of notifications that CNCF distribution sends: <c>distribution</c>.</summary>
    Distribution,
}
