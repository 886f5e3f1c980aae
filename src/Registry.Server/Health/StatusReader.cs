using Registry.Core;
using Registry.Core.Errors;
using Registry.Core.Storage;
using Registry.Events;
using Registry.Events.Status;
using Registry.Mirror;
using Registry.Server.Pipeline;
using Registry.Storage;

namespace Registry.Server.Health;

/// <summary>Reads the state of a running registry.</summary>
/// <param name="storage">The storage.</param>
/// <param name="core">The core on the storage.</param>
/// <param name="readOnly">The read-only mode.</param>
/// <param name="readiness">The checks of <c>/readyz</c>.</param>
/// <param name="mirror">Returns the pulls from mirrored repositories; null without a mirror.</param>
/// <param name="events">Returns the dispatch of events; null without endpoints.</param>
/// <param name="lastCollection">Returns the end of the last cycle of the garbage collector, as Unix time in seconds; 0 before the first.</param>
/// <param name="time">The clock.</param>
internal sealed class StatusReader(
    RegistryStorage storage, RegistryCore core, ReadOnlyMode readOnly, Readiness readiness, Func<MirrorPulls?> mirror, Func<EventDispatch?> events, Func<long> lastCollection, TimeProvider time)
{
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly long _started = time.GetTimestamp();

    /// <summary>True if several processes share the metadata.</summary>
    public bool IsShared => storage.Ports.IsShared;

    /// <summary>Reads the state. A storage that fails leaves parts of it out.</summary>
    public async Task<RegistryStatus> ReadAsync()
    {
        var health = await readiness.CheckAsync();

        // Metadata that cannot be read may take long to say so again.
        var canRead = health.All(finding => finding.Name != Readiness.Metadata || finding.State == HealthState.Ok);
        return new RegistryStatus
        {
            Health = [.. health, .. ReadUpstreams(), .. await ReadEndpointsAsync(canRead)],
            Machine = Environment.MachineName,
            StartedAt = _startedAt,
            Uptime = time.GetElapsedTime(_started),
            Metadata = storage.Database is null ? $"SQLite in {storage.Name}" : storage.Name,
            Bucket = storage.Bucket?.Address,
            Room = storage.Folder is { } folder ? await TryAsync<(long, long)?>(canRead, () => storage.Threads.RunAsync(() => ((long, long)?)folder.ReadRoom())) : null,
            OtherNodes = storage.Database is { } database ? await TryAsync<long?>(canRead, async () => await database.CountOthersAsync()) : null,
            Totals = await TryAsync(canRead, storage.ReadTotalsAsync),
            Collector = ReadCollector(),
            Verification = await TryAsync(canRead, storage.VerifierMetadata.ReadProgressAsync),
            VerifyPeriod = core.Verifier.Period,
        };
    }

    // Not among the checks of /readyz: what is here is served, so another node would help nobody.
    private IEnumerable<HealthFinding> ReadUpstreams() => (mirror()?.ReadStatus() ?? []).Select(upstream => upstream.Away is { } reason
        ? new HealthFinding($"upstream {upstream.Settings.Name}", HealthState.Warning, $"{reason}; what is here of it is served")
        : new HealthFinding($"upstream {upstream.Settings.Name}"));

    // Not among the checks either: events wait, and nothing else does.
    private async Task<IEnumerable<HealthFinding>> ReadEndpointsAsync(bool canRead) =>
        (await TryAsync<IReadOnlyList<EndpointStatus>>(canRead, async () => events() is { } dispatch ? await dispatch.ReadStatusAsync() : []) ?? []).Select(endpoint => endpoint.Fault is { } fault
            ? new HealthFinding($"endpoint {endpoint.Settings.Name}", HealthState.Warning, $"{endpoint.Settings.Name} {fault}; its events wait")
            : new HealthFinding($"endpoint {endpoint.Settings.Name}"));

    private RegistryStatus.CollectorStatus ReadCollector() => new(
        lastCollection() is > 0 and var at ? DateTimeOffset.FromUnixTimeSeconds(at) : null, [.. ReadPauses()], core.Collector.BytesFreed, core.Repositories.TrashPeriod);

    private IEnumerable<string> ReadPauses()
    {
        if (readOnly.IsOn)
        {
            yield return "the registry is read-only";
        }

        if (!storage.Indexer.IsComplete)
        {
            yield return "the data folder is being indexed";
        }

        if (core.Pause.Left is > 0 and var left)
        {
            yield return
                $"clients were told that content exists while the registry was read-only or could not write, so everything stays for another {Count.Of(left, "second")} of its running time";
        }

        if (core.Collector.IsHalted)
        {
            yield return "more than half of the content would go; look at a preview, and at the log";
        }
    }

    private static async Task<T?> TryAsync<T>(bool canRead, Func<Task<T>> read)
    {
        try
        {
            return canRead ? await read() : default;
        }
        catch (Exception e) when (e is StorageException or IOException)
        {
            return default;
        }
    }
}
