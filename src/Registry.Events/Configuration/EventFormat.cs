namespace Registry.Events.Configuration;

/// <summary>Form of the body of an event.</summary>
public enum EventFormat
{
    /// <summary>CloudEvents 1.0, structured JSON: <c>cloudevents</c>.</summary>
    CloudEvents,

    /// <summary>The envelope of notifications that CNCF distribution sends since version 3: <c>distribution</c>.</summary>
    Distribution,

    /// <summary>The same, with the media type of the earlier versions, up to 2.8: <c>distribution-v1</c>.</summary>
    DistributionV1,
}
