using Registry.Core.Oci;

namespace Registry.Core.Events;

/// <summary>
/// A part of what is sent to an endpoint: the events of the repositories whose names have its number. Events of a lane are sent one after the other, in the order of the changes.
/// </summary>
public sealed record EventLane
{
    /// <summary>Number of lanes of an endpoint. Stored with the positions, so it never changes.</summary>
    public const int Count = 16;

    /// <summary>From 0 to <see cref="Count"/> - 1.</summary>
    public required int Number { get; init; }

    /// <summary>Position of the last change that is done with: delivered, set aside, or not for the endpoint.</summary>
    public required long Position { get; init; }

    /// <summary>Number of times that the position was set back by an operator.</summary>
    public long Generation { get; init; }

    /// <summary>Number of events that were delivered.</summary>
    public long Delivered { get; init; }

    /// <summary>Number of events that were set aside.</summary>
    public long SetAside { get; init; }

    /// <summary>Time of the first failed attempt since the last success; null if the last one succeeded.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>Number of failed attempts for the next event.</summary>
    public int Attempts { get; init; }

    /// <summary>Why the last attempt failed, as the predicate of a sentence; null if it succeeded.</summary>
    public string? Fault { get; init; }

    /// <summary>Number of the lane of a repository: FNV-1a of its name, which is the same in every process and version.</summary>
    public static int Of(RepositoryName repository)
    {
        var hash = 2166136261u;
        foreach (var c in repository.Value)
        {
            hash = unchecked((hash ^ c) * 16777619u);
        }

        return (int)(hash % Count);
    }
}
