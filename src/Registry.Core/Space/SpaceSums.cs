namespace Registry.Core.Space;

/// <summary>
/// Result of a round: sums over the registry, in bytes. Each stored content is counted once, in <see cref="Unique"/>, <see cref="Shared"/>, <see cref="Trash"/> or
/// <see cref="Unreferenced"/>.
/// </summary>
public sealed record SpaceSums
{
    /// <summary>Number of the round, 1 or more.</summary>
    public required long Round { get; init; }

    /// <summary>Beginning of the round by the wall clock, to the millisecond.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The same by the running clock, in seconds.</summary>
    public required long Clock { get; init; }

    /// <summary>Number of repositories that hold something.</summary>
    public long Repositories { get; init; }

    /// <summary>What all repositories refer to, counted once for each of them.</summary>
    public long Referred { get; init; }

    /// <summary>Content of one repository.</summary>
    public long Unique { get; init; }

    /// <summary>Content of several repositories.</summary>
    public long Shared { get; init; }

    /// <summary>Content that only the trash holds.</summary>
    public long Trash { get; init; }

    /// <summary>Content that nothing holds: blobs that no manifest needs, until the collector removes them.</summary>
    public long Unreferenced { get; init; }

    /// <summary>Received bytes of the uploads in progress. They are not stored content.</summary>
    public long Uploads { get; init; }

    /// <summary>Size of all stored content, each counted once.</summary>
    public long Stored => Unique + Shared + Trash + Unreferenced;
}
