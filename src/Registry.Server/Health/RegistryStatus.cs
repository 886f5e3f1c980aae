using Registry.Core.Storage;
using Registry.Core.Verification;

namespace Registry.Server.Health;

/// <summary>State of a running registry, for admins. What could not be read is null.</summary>
internal sealed record RegistryStatus
{
    /// <summary>The checks of <c>/readyz</c>, and the upstreams of the mirror.</summary>
    public required IReadOnlyList<HealthFinding> Health { get; init; }

    /// <summary>Name of the machine.</summary>
    public required string Machine { get; init; }

    /// <summary>Start of this process.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Time since then.</summary>
    public required TimeSpan Uptime { get; init; }

    /// <summary>Engine and place of the metadata, for people.</summary>
    public required string Metadata { get; init; }

    /// <summary>Address of the bucket that has the blobs; null for files of the data folder.</summary>
    public string? Bucket { get; init; }

    /// <summary>Free bytes on the disk of the data folder, and the bytes that pushes leave free; null without a data folder, too.</summary>
    public (long Free, long Kept)? Room { get; init; }

    /// <summary>Number of the other processes that use the database; null without a database, too.</summary>
    public long? OtherNodes { get; init; }

    /// <summary>What is stored.</summary>
    public StorageTotals? Totals { get; init; }

    /// <summary>Garbage collection of this process.</summary>
    public required CollectorStatus Collector { get; init; }

    /// <summary>Verification in the background.</summary>
    public VerificationProgress? Verification { get; init; }

    /// <summary>Time in which everything is verified once; zero for never.</summary>
    public required TimeSpan VerifyPeriod { get; init; }

    /// <summary>State of the garbage collection of a process.</summary>
    /// <param name="LastCycle">End of its last cycle; null before the first.</param>
    /// <param name="Pauses">Reasons why nothing is collected now: clauses for people.</param>
    /// <param name="BytesFreed">Bytes of the blobs that it has removed since its start.</param>
    /// <param name="TrashPeriod">Running time for which deleted manifests are kept; zero for none.</param>
    internal sealed record CollectorStatus(DateTimeOffset? LastCycle, IReadOnlyList<string> Pauses, long BytesFreed, TimeSpan TrashPeriod);
}
