using System.Diagnostics.Metrics;
using Registry.Core.Maintenance;
using Registry.Core.Storage;

namespace Registry.Server.Telemetry;

/// <summary>What is asked of a running registry when somebody collects its metrics. Nothing here takes longer when more is stored.</summary>
internal sealed class RegistryGauges : IDisposable
{
    private readonly Meter _meter = new(StorageMetrics.Name);
    private readonly RegistryStorage _storage;

    public RegistryGauges(RegistryStorage storage, GarbageCollector collector, Func<long> passwordChecks, Func<long> lastCollection)
    {
        _storage = storage;
        Level("registry.blobs", "{blob}", "Blobs and manifests that are stored, each once.", () => Totals().Blobs);
        Level("registry.manifests", "{manifest}", "Manifests that all repositories hold.", () => Totals().Manifests);
        Level("registry.stored", "By", "Bytes of all blobs and manifests, each once.", () => Totals().StoredBytes);
        Level(
            "registry.logical",
            "By",
            "Bytes that all repositories would take if none shared a blob with another.",
            () => Totals().LogicalBytes);
        Level("registry.uploads.active", "{upload}", "Uploads in progress.", () => storage.Uploads.Enumerate().Count());
        Gauge("registry.writes.stopped", null, "1 when writes have stopped because the storage has failed, else 0.", () => storage.Health.Failure is null ? 0 : 1);
        Gauge("registry.tree.behind", null, "1 when the repositories tree cannot be brought up to date, else 0.", () => storage.TreeFailure is null ? 0 : 1);
        Gauge("registry.gc.halted", null, "1 when nothing is collected because it would be implausibly much, else 0.", () => collector.IsHalted ? 1 : 0);
        Gauge("registry.gc.last_success", "s", "When the garbage collector last ended a cycle, as Unix time; 0 before the first.", lastCollection);
        Total("registry.gc.freed", "By", "Bytes of the blobs that were removed because nothing linked to them.", () => collector.BytesFreed);
        Total("registry.auth.password_checks", "{check}", "Passwords that were checked with bcrypt.", passwordChecks);
        if (OperatingSystem.IsLinux())
        {
            Level(
                "process.open_file_descriptor.count",
                "{file_descriptor}",
                "Files and connections that the process has open.",
                () => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
            Level("registry.file_descriptors.limit", "{file_descriptor}", "How many files and connections the process may have open.", DescriptorLimit);
        }
    }

    public void Dispose() => _meter.Dispose();

    private static long DescriptorLimit()
    {
        var line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        return long.TryParse(line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], out var limit) ? limit : long.MaxValue;
    }

    // A row that the database keeps: read on one of its threads, in some 20 µs.
    private StorageTotals Totals() => _storage.ReadTotalsAsync().GetAwaiter().GetResult();

    private void Level(string name, string unit, string description, Func<long> read) => _meter.CreateObservableUpDownCounter(name, read, unit, description);

    private void Gauge(string name, string? unit, string description, Func<long> read) => _meter.CreateObservableGauge(name, read, unit, description);

    private void Total(string name, string unit, string description, Func<long> read) => _meter.CreateObservableCounter(name, read, unit, description);
}
