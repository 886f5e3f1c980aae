using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Access.Rules;
using Registry.Core.Blobs;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Metadata;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Mirror.Configuration;
using Registry.Mirror.Fetches;
using Registry.Mirror.Images;
using Registry.Mirror.Pulls;
using Registry.Mirror.Room;
using Registry.Mirror.Status;
using Registry.Mirror.Upstreams;
using Registry.Mirror.Upstreams.Requests;

namespace Registry.Mirror;

/// <summary>
/// Pulls from mirrored repositories: what is here is answered from here, and the rest is fetched from the upstream. A client that may not cause a fetch gets what is here.
/// </summary>
public sealed class MirrorPulls : IAsyncDisposable
{
    /// <inheritdoc cref="MirroredLists.MaxTags"/>
    public const int MaxTags = MirroredLists.MaxTags;

    private readonly BlobOperations _blobs;
    private readonly Func<bool> _isReadOnly;
    private readonly IMirrorMetadata _metadata;
    private readonly Func<MirrorNames> _names;
    private readonly PullCounters _counters = new();
    private readonly PullRecord _record;
    private readonly MirroredManifests _manifests;
    private readonly MirroredLists _lists;
    private readonly KnownBlobs _known;
    private readonly BlobFetches _fetches;
    private readonly SignatureFetches _signatures;
    private readonly Func<UpstreamSettings, IUpstream> _connect;
    private readonly ConcurrentDictionary<string, IUpstream> _upstreams = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Composes the pulls.</summary>
    /// <param name="core">The operations on what is here.</param>
    /// <param name="ports">Ports of the storage under it.</param>
    /// <param name="names">Returns the names as they are in force.</param>
    /// <param name="connect">Makes the client of an upstream.</param>
    /// <param name="maxDescriptors">Largest number of descriptors of a manifest.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    internal MirrorPulls(
        RegistryCore core,
        StoragePorts ports,
        Func<MirrorNames> names,
        Func<UpstreamSettings, IUpstream> connect,
        int maxDescriptors,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        _blobs = core.Blobs;
        _metadata = ports.Mirror;
        _names = names;
        _isReadOnly = () => core.IsReadOnly;
        _connect = connect;
        _record = new PullRecord(_metadata, time);
        _manifests = new MirroredManifests(core.Manifests, core.Metadata, new TagChecks(_record, time), maxDescriptors, time, loggers.CreateLogger<MirroredManifests>(), _stopping.Token);
        _lists = new MirroredLists(core.Lists, core.Referrers, time, _stopping.Token);
        _known = new KnownBlobs(time, _stopping.Token);
        _fetches = new BlobFetches(core.Blobs, core.Uploads, core.Metadata, repository => names().Find(repository), _known, time, loggers.CreateLogger<BlobFetches>());
        _signatures = new SignatureFetches(core, _manifests, _lists, _fetches, _record);
        Eviction = new MirrorEviction(
            _metadata, ports.CollectorMetadata, ports.Metadata, _record, core.Eraser, names, _counters, time, loggers.CreateLogger<MirrorEviction>());
        Images = new MirroredImages(core, _metadata, ports.Inventory, _manifests, _fetches, _record, repository => names().Find(repository), Find);
    }

    /// <summary>Composes the pulls, with upstreams that are asked over HTTP.</summary>
    /// <param name="core">The operations on what is here.</param>
    /// <param name="ports">Ports of the storage under it.</param>
    /// <param name="names">Returns the names as they are in force.</param>
    /// <param name="version">Version of this registry, which upstreams are told.</param>
    /// <param name="maxManifestSize">Size of the largest manifest in bytes.</param>
    /// <param name="maxDescriptors">Largest number of descriptors of a manifest.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    public static MirrorPulls Create(
        RegistryCore core,
        StoragePorts ports,
        Func<MirrorNames> names,
        string version,
        long maxManifestSize,
        int maxDescriptors,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        var limits = new UpstreamLimits { ManifestSize = (int)Math.Min(maxManifestSize, int.MaxValue) };

        // The proxy of the machine: HTTPS_PROXY and NO_PROXY.
        return new MirrorPulls(
            core, ports, names, settings => new HttpUpstream(settings, version, limits, time, loggers, HttpClient.DefaultProxy), maxDescriptors, time, loggers);
    }

    /// <summary>Removes what takes too much room.</summary>
    public MirrorEviction Eviction { get; }

    /// <summary>What an operator does with images.</summary>
    public MirroredImages Images { get; }

    /// <summary>The upstreams of the configuration, in its order. No request is made.</summary>
    public IReadOnlyList<UpstreamStatus> ReadStatus() => [.. _names().Configuration.Upstreams.Select(ReadStatus)];

    /// <summary>What the repositories of an upstream hold.</summary>
    public Task<MirrorUse> ReadUseAsync(string upstream) => _metadata.ReadUseAsync(upstream);

    /// <summary>Brings a manifest here, so that the repository has what its upstream has, and notes the pull.</summary>
    /// <param name="name">The repository.</param>
    /// <param name="reference">Tag or digest.</param>
    /// <param name="user">User of the client; null for an anonymous one.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The manifest; MANIFEST_UNKNOWN if the upstream has it not, or why it is not known.</returns>
    public async Task<Result<Pulled<StoredManifest>>> StatManifestAsync(MirroredName name, Reference reference, string? user, CancellationToken cancellationToken)
    {
        var found = await _manifests.StatAsync(Find(name.Upstream), name, reference, MayFetch(name, user), cancellationToken);
        if (found.TryGet(out var pulled, out _))
        {
            NotePull(name, pulled.Content.Digest, pulled.Freshness);
        }

        return found;
    }

    /// <summary>Opens a manifest with its bytes, which the caller disposes.</summary>
    /// <inheritdoc cref="StatManifestAsync"/>
    public async Task<Result<Pulled<(StoredManifest Manifest, BlobSource Content)>>> GetManifestAsync(
        MirroredName name, Reference reference, string? user, CancellationToken cancellationToken)
    {
        var found = await _manifests.GetAsync(Find(name.Upstream), name, reference, MayFetch(name, user), cancellationToken);
        if (found.TryGet(out var pulled, out _))
        {
            NotePull(name, pulled.Content.Manifest.Digest, pulled.Freshness);
        }

        return found;
    }

    /// <summary>Brings the signatures of an image here, for a rule that requires one.</summary>
    /// <param name="name">The repository.</param>
    /// <param name="image">The image.</param>
    /// <param name="user">User of the client; null for an anonymous one.</param>
    /// <param name="network">Network of the client, which has a share of the fetches if it is anonymous.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task PrepareSignaturesAsync(MirroredName name, Digest image, string? user, ClientNetwork network, CancellationToken cancellationToken) =>
        MayFetch(name, user) ? _signatures.RunAsync(Find(name.Upstream), name, image, user, network, cancellationToken) : Task.CompletedTask;

    /// <summary>Finds the size of a blob, in bytes; BLOB_UNKNOWN if the upstream has it not.</summary>
    /// <inheritdoc cref="OpenBlobAsync"/>
    public async Task<Result<long>> StatBlobAsync(MirroredName name, Digest digest, string? user, CancellationToken cancellationToken)
    {
        var stored = await _blobs.StatAsync(name.Local, digest);
        if (stored.Error is null || !MayFetch(name, user))
        {
            return stored;
        }

        var found = await _known.FindAsync(Find(name.Upstream), name, digest, cancellationToken);
        return found.TryGet(out var size, out var fault) ? size : FaultAnswers.Describe(fault, RegistryErrorCode.BlobUnknown);
    }

    /// <summary>Opens a blob, which may still be arriving.</summary>
    /// <param name="name">The repository.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="user">User of the client; null for an anonymous one.</param>
    /// <param name="network">Network of the client, which has a share of the fetches if it is anonymous.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The blob, which the caller disposes; BLOB_UNKNOWN if the upstream has it not, or why it is not known.</returns>
    public async Task<Result<BlobSource>> OpenBlobAsync(MirroredName name, Digest digest, string? user, ClientNetwork network, CancellationToken cancellationToken)
    {
        var stored = await _blobs.OpenAsync(name.Local, digest);
        if (stored.Error is null || !MayFetch(name, user))
        {
            CountBlob(name, stored, wasHere: true);
            return stored;
        }

        var fetched = await _fetches.OpenAsync(Find(name.Upstream), name, digest, user, network, cancellationToken);
        CountBlob(name, fetched, wasHere: false);
        return fetched;
    }

    /// <summary>Lists tags.</summary>
    /// <inheritdoc cref="MirroredLists.ListTagsAsync"/>
    public Task<Result<MirroredPage<string>>> ListTagsAsync(MirroredName name, string? last, int? limit, string? user, CancellationToken cancellationToken) =>
        _lists.ListTagsAsync(MayFetch(name, user) ? Find(name.Upstream) : null, name, last, limit, cancellationToken);

    /// <summary>Lists the referrers of a manifest.</summary>
    /// <inheritdoc cref="MirroredLists.ListReferrersAsync"/>
    public Task<Result<MirroredPage<Referrer>>> ListReferrersAsync(
        MirroredName name, Digest subject, string? artifactType, string? user, CancellationToken cancellationToken) =>
        _lists.ListReferrersAsync(MayFetch(name, user) ? Find(name.Upstream) : null, name, subject, artifactType, cancellationToken);

    /// <summary>Saves the times of pulls and questions, for a restart and for the eviction.</summary>
    public Task SaveAsync() => _isReadOnly() ? Task.CompletedTask : _record.SaveAsync();

    /// <summary>Ends the fetches, and saves what was noted, if the storage takes it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _fetches.DisposeAsync();
        try
        {
            await SaveAsync();
        }
        catch (StorageException)
        {
            // As after a kill: tags are asked for again, and images count as pulled a minute earlier.
        }

        foreach (var upstream in _upstreams.Values)
        {
            (upstream as IDisposable)?.Dispose();
        }

        _stopping.Dispose();
    }

    // After an edit of the configuration, the upstream has other settings.
    internal IUpstream Find(UpstreamSettings settings) => _upstreams.AddOrUpdate(
        settings.Name, _ => _connect(settings), (_, upstream) => ReferenceEquals(upstream.Settings, settings) ? upstream : _connect(settings));

    private void NotePull(MirroredName name, Digest digest, Freshness freshness)
    {
        _counters.Answered(name.Upstream.Name, freshness);
        _record.NotePull(name.Local, digest);
    }

    private void CountBlob(MirroredName name, Result<BlobSource> answer, bool wasHere)
    {
        if (answer.Error is null)
        {
            _counters.AnsweredBlob(name.Upstream.Name, wasHere);
        }
    }

    private UpstreamStatus ReadStatus(UpstreamSettings settings)
    {
        var upstream = Find(settings);
        var counters = upstream.Counters;
        var (fetches, readers) = _fetches.Count(settings.Name);
        return new UpstreamStatus
        {
            Settings = settings,
            Away = upstream.Away?.Reason,
            AwaySince = upstream.AwaySince,
            Fetches = fetches,
            Readers = readers,
            Pulls = _counters.Read(settings.Name),
            Received = counters.Received,
            RateLimit = counters.Limit,
            RemainingRateLimit = counters.RemainingLimit,
            Requests = UpstreamRequestCount.Read(counters),
        };
    }

    // What is fetched is stored.
    private bool MayFetch(MirroredName name, string? user) => name.IsIncluded && !_isReadOnly()
        && name.Upstream.Fetch.Any(word => user is null ? word == AccessRules.AnonymousUser : word == AccessRules.Everybody || word == user);
}
