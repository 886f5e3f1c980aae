using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Core.Events;

/// <summary>The end of an event at an endpoint.</summary>
public sealed record EventDelivery
{
    /// <summary>Number of deliveries of a lane, and as many events that were set aside, that are remembered: 1,024 of each for an endpoint.</summary>
    public const int Remembered = 64;

    /// <summary>Largest length of <see cref="Fault"/>, in characters.</summary>
    public const int MaxFault = 300;

    /// <summary>Number of the lane.</summary>
    public required int Lane { get; init; }

    /// <summary>Position of the change.</summary>
    public required long Position { get; init; }

    /// <summary>Kind of the change.</summary>
    public required ChangeKind Kind { get; init; }

    /// <summary>The repository of the change.</summary>
    public required RepositoryName Repository { get; init; }

    /// <summary>The tag of the change; null if it has none.</summary>
    public Tag? Tag { get; init; }

    /// <summary>The manifest of the change; null if it has none.</summary>
    public Digest? Digest { get; init; }

    /// <summary>Time of the end, to the millisecond.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>True if the event was given up after the time for attempts; false if it was delivered.</summary>
    public required bool IsSetAside { get; init; }

    /// <summary>Number of attempts, the last one included; 0 for an event that was set aside with earlier ones.</summary>
    public required int Attempts { get; init; }

    /// <summary>Status of the last answer; null if there was none.</summary>
    public int? Status { get; init; }

    /// <summary>Why the last attempt failed, as the predicate of a sentence; null if it succeeded.</summary>
    public string? Fault { get; init; }

    /// <summary>Time of the last attempt in milliseconds.</summary>
    public required long Milliseconds { get; init; }
}
