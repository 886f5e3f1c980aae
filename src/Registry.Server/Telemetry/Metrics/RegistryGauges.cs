using System.Diagnostics.Metrics;
using Registry.Core.Storage;
using Registry.Core.Verification;
using Registry.Images.Backup;
using Registry.Server.Memory;
using Registry.Server.Transport.Buffers;
using Registry.Storage;

namespace Registry.Server.Telemetry.Metrics;

/// <summary>Gauges that read the state of a running registry when metrics are collected. Their cost does not depend on the amount of content.</summary>
internal sealed class RegistryGauges
{
    private readonly Meter _meter;
    private readonly GaugeSources _sources;
    private readonly RegistryStorage _storage;

    public RegistryGauges(GaugeSources sources, Meter meter)
    {
        _meter = meter;
        _sources = sources;
        _storage = sources.Storage;
        ProcessGauges.AddTo(_meter);
        AddContent();
        AddStorage();
        AddEngines();
        AddRequestMemory(sources.Memory, sources.Buffers);
        AddCollection();
        AddVerificationAndBackup();
        AddRetention();
        if (sources.Events is { } events)
        {
            EventGauges.AddTo(_meter, events);
        }

        if (sources.Mirror is { } mirror)
        {
            MirrorGauges.AddTo(_meter, mirror);
        }

        Level("registry.connections.limit", "{connection}", "Connections that there may be.", () => sources.Connections.Limit);
        Level("registry.connections.places", "{connection}", "Connections that there may be now: fewer than the limit after memory was short.", () => sources.Connections.Places);
        Total("registry.connections.shed", "{connection}", "Connections that were closed because memory was short.", () => sources.Connections.ShedTotal);
        Total("registry.auth.password_checks", "{check}", "Passwords checked with bcrypt.", sources.PasswordChecks);
        _meter.CreateObservableGauge(
            "registry.tls.certificate.expires",
            () => sources.CertificateExpires() is { } at ? [new Measurement<long>(at.ToUnixTimeSeconds())] : Array.Empty<Measurement<long>>(),
            "s",
            "Expiry of the certificate, as Unix time; absent without TLS.");
    }

    private void AddContent()
    {
        Level("registry.repositories", "{repository}", "Repositories that hold a manifest.", () => Totals().Repositories);
        Level("registry.tags", "{tag}", "Tags of all repositories.", () => Totals().Tags);
        Level("registry.blobs", "{blob}", "Stored blobs and manifests, each counted once.", () => Totals().Blobs);
        Level("registry.manifests", "{manifest}", "Manifests of all repositories.", () => Totals().Manifests);
        Level(
            "registry.manifests.untagged",
            "{manifest}",
            "Manifests that neither a tag nor an index nor their subject holds.",
            () => Totals().Untagged);
        Level("registry.trash.manifests", "{manifest}", "Deleted manifests that can be restored.", () => Totals().Trashed);
        Level("registry.trash.held", "By", "Bytes of these manifests, and of all that they referred to, once for each of them.", () => Totals().TrashedBytes);
        Level("registry.changes", "{change}", "Recorded changes of tags and manifests.", () => Totals().Changes);
        Level("registry.stored", "By", "Bytes of all blobs and manifests, each counted once.", () => Totals().StoredBytes);
        Level("registry.logical", "By", "Bytes that all repositories would take if none shared a blob with another.", () => Totals().LogicalBytes);
        Level("registry.uploads.active", "{upload}", "Uploads in progress.", () => _storage.Uploads.Count);
    }

    private void AddStorage()
    {
        Gauge("registry.read_only", null, "1 while pushes and deletes are refused, else 0.", () => _sources.IsReadOnly() ? 1 : 0);
        Gauge("registry.writes.stopped", null, "1 when writes have stopped after a failure of the storage, else 0.", () => _storage.Health.Failure is null ? 0 : 1);
        if (_storage.Files is { } files)
        {
            Gauge("registry.tree.behind", null, "1 when the repositories tree, or the files of small content, cannot be brought up to date, else 0.", () => files.IsBehind ? 1 : 0);
        }

        if (_storage.Folder is { } folder)
        {
            Level("registry.disk.free", "By", "Free bytes on the disk of the data folder.", () => folder.ReadRoom().Free);
            Level("registry.disk.reserve", "By", "Bytes that pushes leave free; below this, pushes are answered with 507.", () => folder.ReadRoom().Kept);
        }
    }

    // Metrics of an engine are there only where it is used.
    private void AddEngines()
    {
        if (_storage.Bucket is { } bucket)
        {
            bucket.AddMetricsTo(_meter);
            Gauge("registry.bucket.foreign", null, "1 when the bucket has the mark of another registry, so that no object is deleted, else 0.", () => bucket.IsForeign ? 1 : 0);
        }

        if (_storage.Database is { } database)
        {
            database.AddMetricsTo(_meter);
            Gauge("registry.gc.turn", null, "1 if this node took the turn of the garbage collector when it last could, else 0.", () => _sources.HasCollectionTurn() ? 1 : 0);
        }
    }

    // Kestrel's transport has buffers of its own, which are not counted.
    private void AddRequestMemory(RequestMemory memory, BlockPool buffers)
    {
        (KeyValuePair<string, object?> Kind, MemoryBudget Budget)[] budgets =
            [(Kind("bodies"), memory.Bodies), (Kind("listings"), memory.Listings), (Kind("rows"), memory.Rows), (Kind("streams"), memory.Streams)];
        var ofBuffers = Kind("buffers");
        var ofProcess = Kind("process");
        _meter.CreateObservableUpDownCounter(
            "registry.request_memory.used",
            () => budgets.Select(kind => new Measurement<long>(kind.Budget.Used, kind.Kind)).Append(new(buffers.LargeBytes, ofBuffers)),
            "By",
            "Memory that requests hold, by kind.");
        _meter.CreateObservableUpDownCounter(
            "registry.request_memory.limit",
            () => budgets.Select(kind => new Measurement<long>(kind.Budget.Limit, kind.Kind)).Append(new(memory.Buffers, ofBuffers)),
            "By",
            "Limit of the memory that requests hold, by kind.");
        _meter.CreateObservableCounter(
            "registry.request_memory.refused",
            () => budgets.Select(kind => new Measurement<long>(kind.Budget.Refused, kind.Kind)).Append(new(memory.Exhausted, ofProcess)),
            "{request}",
            "Requests that were refused or ended because the memory of their kind was used up.");

        static KeyValuePair<string, object?> Kind(string name) => new("registry.kind", name);
    }

    private void AddCollection()
    {
        Gauge("registry.gc.halted", null, "1 when nothing is collected because more than half of the content would be removed, else 0.", () => _sources.Core.Collector.IsHalted ? 1 : 0);
        Gauge("registry.gc.last_success", "s", "End of the last cycle of the garbage collector, as Unix time; 0 before the first.", _sources.LastCollection);
        Gauge(
            "registry.gc.resumes_in",
            "s",
            "Seconds of running time until a paused garbage collection resumes; 0 while it is not paused.",
            () => _sources.Core.Pause.Left);
        _meter.CreateObservableGauge(
            "registry.gc.suspended",
            () => new[]
            {
                Suspended("promises", _sources.Core.Pause.Left > 0), Suspended("read_only", _sources.IsReadOnly()), Suspended("indexing", !_storage.Indexer.IsComplete),
            },
            null,
            "1 while garbage collection is suspended for this reason, else 0.");
        Total("registry.gc.freed", "By", "Bytes of the blobs that were removed because nothing linked to them.", () => _sources.Core.Collector.BytesFreed);
    }

    private void AddVerificationAndBackup()
    {
        Gauge("registry.verify.last_success", "s", "End of the last complete verification, as Unix time; 0 before the first.", () => Verification().EndedAt ?? 0);
        Gauge("registry.verify.findings", "{blob}", "Blobs and manifests that the last complete verification found damaged, missing or unreadable.", () => Verification().LastFindings);
        if (_storage.Folder is { } folder)
        {
            Gauge("registry.backup.last_success", "s", "End of the last complete backup, as Unix time; 0 before the first.", () => LastBackup.Read(folder.Paths) ?? 0);
        }
    }

    private void AddRetention()
    {
        var retention = _sources.Core.Retention;
        Total("registry.retention.tags", "{tag}", "Tags that a retention deleted.", () => retention.Totals.Tags);
        Total("registry.retention.manifests", "{manifest}", "Manifests without a tag that a retention deleted.", () => retention.Totals.Manifests);
        Total("registry.retention.refused", "{run}", "Runs of the retention that deleted nothing, since they would have deleted more than half of the tags of a rule.", () => retention.Totals.Refused);
        Level("registry.retention.kept", "{manifest}", "Tags, and manifests without a tag, that the last complete run of the retention kept.", () => retention.Totals.LastKept);
        Gauge("registry.retention.last_success", "s", "End of the last complete run of the retention, as Unix time; 0 before the first.", () => retention.Totals.LastRun);
    }

    private static Measurement<int> Suspended(string reason, bool isSuspended) =>
        new(isSuspended ? 1 : 0, new KeyValuePair<string, object?>("registry.reason", reason));

    // The database maintains this row; reading it on one of its threads takes about 20 µs.
    private StorageTotals Totals() => _storage.ReadTotalsAsync().GetAwaiter().GetResult();

    private VerificationProgress Verification() => _storage.VerifierMetadata.ReadProgressAsync().GetAwaiter().GetResult();

    private void Level(string name, string unit, string description, Func<long> read) => _meter.CreateObservableUpDownCounter(name, read, unit, description);

    private void Gauge(string name, string? unit, string description, Func<long> read) => _meter.CreateObservableGauge(name, read, unit, description);

    private void Total(string name, string unit, string description, Func<long> read) => _meter.CreateObservableCounter(name, read, unit, description);
}
