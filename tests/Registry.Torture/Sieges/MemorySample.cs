using System.Globalization;

namespace Registry.Torture.Sieges;

/// <summary>Memory of a registry, by what holds it, in bytes.</summary>
/// <param name="Resident">Resident size.</param>
/// <param name="Kinds">Parts, by name: of the resident size by the registry's own metrics, and of the control group by the kernel's.</param>
/// <param name="Connections">Open connections.</param>
/// <param name="Paused">Time for which collections have stopped the process since its start.</param>
/// <param name="FullCollections">Number of collections of the whole heap since then.</param>
internal sealed record MemorySample(long Resident, IReadOnlyList<(string Kind, long Bytes)> Kinds, long Connections, TimeSpan Paused, long FullCollections)
{
    private static readonly (string Kind, string Metric, string? Label)[] Metrics =
    [
        ("heap", "dotnet_gc_last_collection_heap_size_bytes", null),
        ("holes", "dotnet_gc_last_collection_heap_fragmentation_size_bytes", null),
        ("committed", "dotnet_gc_last_collection_memory_committed_size_bytes", null),
        ("native", "registry_native_memory_bytes", "used"),
        ("native free", "registry_native_memory_bytes", "free"),
        ("large blocks", "registry_request_memory_used_bytes", "buffers"),
    ];

    /// <summary>Reads it.</summary>
    public static async Task<MemorySample> ReadAsync(AttackedRegistry registry, CancellationToken cancellationToken)
    {
        var resident = registry.Process.ResidentBytes;
        var series = await registry.Metrics.ReadAsync(cancellationToken);
        return new(
            resident,
            [.. Metrics.Select(one => (one.Kind, (long)ServerMetrics.Sum(series, one.Metric, one.Label))), .. registry.Group?.Kinds ?? []],
            (long)ServerMetrics.Sum(series, "kestrel_active_connections"),
            TimeSpan.FromSeconds(ServerMetrics.Sum(series, "dotnet_gc_pause_time_seconds_total")),
            (long)ServerMetrics.Sum(series, "dotnet_gc_collections_total", "gen2"));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Resident >> 20} MiB resident ({string.Join(", ", Kinds.Select(one => $"{one.Kind} {one.Bytes >> 20}"))}), {Connections} connections");
}
