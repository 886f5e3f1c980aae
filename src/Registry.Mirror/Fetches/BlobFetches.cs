using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Registry.Core.Blobs;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Uploads;
using Registry.Mirror.Configuration;
using Registry.Mirror.Upstreams;

namespace Registry.Mirror.Fetches;

/// <summary>Fetches blobs from upstreams, each digest once at a time, for any number of clients.</summary>
/// <param name="blobs">Blobs that are stored.</param>
/// <param name="uploads">Stores blobs.</param>
/// <param name="metadata">Finds repositories that have a blob.</param>
/// <param name="names">Returns the mirrored name of a repository; null for another one.</param>
/// <param name="known">Blobs that the upstreams have.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed partial class BlobFetches(
    BlobOperations blobs,
    UploadOperations uploads,
    IMetadataStore metadata,
    Func<RepositoryName, MirroredName?> names,
    KnownBlobs known,
    TimeProvider time,
    ILogger<BlobFetches> logger) : IAsyncDisposable
{
    /// <summary>Greatest number of fetches at a time that clients of one user or network have begun.</summary>
    public const int MaxOfCaller = 1000;

    // Repositories that are looked at for the blob.
    private const int MaxSources = 64;

    private readonly ConcurrentDictionary<(string Upstream, Digest), BlobFetch> _fetches = new();
    private readonly WrongContent _wrong = new(time);
    private readonly CallerCounts<(string? User, ClientNetwork Network)> _callers = new(MaxOfCaller);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Number of fetches from an upstream at the moment, and of their readers.</summary>
    public (int Fetches, int Readers) Count(string upstream) => _fetches.Where(fetch => fetch.Key.Upstream == upstream)
        .Aggregate((0, 0), ((int Fetches, int Readers) counts, KeyValuePair<(string, Digest), BlobFetch> fetch) => (counts.Fetches + 1, counts.Readers + fetch.Value.Readers));

    /// <summary>Opens a blob of a mirrored repository that does not have it; fetches it if no fetch of it is under way.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="name">The repository.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="user">User of the client, who has a share of the fetches; null for an anonymous one.</param>
    /// <param name="network">Network of the client, which has a share if it is anonymous.</param>
    /// <param name="cancellationToken">Ends the wait; not the fetch.</param>
    /// <returns>The blob, which the caller disposes; BLOB_UNKNOWN if the upstream has it not, or why it is not known.</returns>
    public async Task<Result<BlobSource>> OpenAsync(
        IUpstream upstream, MirroredName name, Digest digest, string? user, ClientNetwork network, CancellationToken cancellationToken)
    {
        if (_wrong.Find(upstream.Settings.Name, digest) is { } wrong)
        {
            return new RegistryError(RegistryErrorCode.UpstreamAway, wrong);
        }

        while (true)
        {
            var (fetch, refused) = FindOrBegin(upstream, name, digest, user, network);
            if (fetch is null)
            {
                return refused!;
            }

            // Who waits for the size is a reader, too, however long the fetch waits for its turn at the upstream.
            using var waiting = fetch.TryEnter();
            if (waiting is null)
            {
                // It ends, since all have left.
                _fetches.TryRemove(new((upstream.Settings.Name, digest), fetch));
                continue;
            }

            var isOwn = fetch.Name.Local == name.Local;
            if (!isOwn && (await known.FindAsync(upstream, name, digest, cancellationToken)).Fault is { } fault)
            {
                return FaultAnswers.Describe(fault, RegistryErrorCode.BlobUnknown);
            }

            var opened = await fetch.Opened.WaitAsync(cancellationToken);
            if (opened.TryGet(out var length, out var failed))
            {
                return new FollowingSource(
                    fetch, length, (offset, count, token) => OpenFarAsync(upstream, name, digest, network, offset, count, token));
            }

            if (isOwn || failed.Kind != UpstreamFaultKind.Missing)
            {
                return FaultAnswers.Describe(failed, RegistryErrorCode.BlobUnknown);
            }

            // The repository of the client that was first does not have it; this one does.
            _fetches.TryRemove(new((upstream.Settings.Name, digest), fetch));
        }
    }

    /// <summary>Fetches a blob of a mirrored repository that does not have it, and waits until it has.</summary>
    /// <returns>The size in bytes; BLOB_UNKNOWN if the upstream has it not, or why it is not known.</returns>
    /// <inheritdoc cref="OpenAsync"/>
    public async Task<Result<long>> StoreAsync(
        IUpstream upstream, MirroredName name, Digest digest, string? user, ClientNetwork network, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (!(await OpenAsync(upstream, name, digest, user, network, cancellationToken)).TryGet(out var source, out var error))
            {
                return error;
            }

            await using (source)
            {
                if (source is FollowingSource following && await following.StoredAsync(cancellationToken) is { } fault)
                {
                    return FaultAnswers.Describe(fault, RegistryErrorCode.BlobUnknown);
                }
            }

            // A fetch for another repository has stored it there, from where it is mounted.
            if ((await blobs.StatAsync(name.Local, digest)).TryGet(out var size, out _))
            {
                return size;
            }
        }
    }

    /// <summary>Ends the fetches.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_fetches.Values.Select(fetch => fetch.Ended));
        _stopping.Dispose();
    }

    private (BlobFetch? Fetch, RegistryError? Refused) FindOrBegin(
        IUpstream upstream, MirroredName name, Digest digest, string? user, ClientNetwork network)
    {
        var key = (upstream.Settings.Name, digest);
        while (true)
        {
            if (_fetches.TryGetValue(key, out var running))
            {
                return (running, null);
            }

            if (!_callers.TryEnter(CallerOf(user, network)))
            {
                return (null, new RegistryError(RegistryErrorCode.TooManyFetches, $"you have begun {MaxOfCaller} fetches that are under way"));
            }

            var fetch = new BlobFetch(upstream, name, digest, uploads, () => OpenOrMountAsync(upstream, name, digest), time);
            if (_fetches.TryAdd(key, fetch))
            {
                _ = RunAsync(fetch, key, user, network);
                return (fetch, null);
            }

            _callers.Leave(CallerOf(user, network));
        }
    }

    private async Task RunAsync(BlobFetch fetch, (string Upstream, Digest Digest) key, string? user, ClientNetwork network)
    {
        // At the upstream, networks take turns.
        CurrentCaller.Network = network;
        var startedAt = time.GetTimestamp();
        try
        {
            await fetch.RunAsync(_stopping.Token);
        }
#pragma warning disable CA1031 // No caller awaits this. The clients have an answer already.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogMistake(e, key.Digest.Value, fetch.Name.Local.Value, key.Upstream);
        }
        finally
        {
            // Before the next request can begin another fetch.
            if (fetch.Fault is { Kind: UpstreamFaultKind.Wrong } wrong)
            {
                _wrong.Note(key.Upstream, key.Digest, wrong.Reason);
            }

            _fetches.TryRemove(new(key, fetch));
            _callers.Leave(CallerOf(user, network));
        }

        if (fetch.Fault is not { } fault)
        {
            LogFetched(key.Digest.Value, fetch.Name.Local.Value, key.Upstream, (long)time.GetElapsedTime(startedAt).TotalMilliseconds);
        }
        else if (fault.Kind == UpstreamFaultKind.Wrong)
        {
            LogWrong(key.Digest.Value, fetch.Name.Local.Value, fault.Reason);
        }
        else if (fault.Kind == UpstreamFaultKind.Away)
        {
            LogFailed(key.Digest.Value, fetch.Name.Local.Value, fault.Reason);
        }
    }

    // Another repository of the same upstream.
    private async Task<RepositoryName?> FindElsewhereAsync(MirroredName name, Digest digest)
    {
        foreach (var repository in await metadata.FindRepositoriesWithBlobAsync(digest, MaxSources))
        {
            if (repository != name.Local && names(repository) is { } other && other.Upstream.Name == name.Upstream.Name)
            {
                return repository;
            }
        }

        return null;
    }

    // What the repository of another name has, it may have only if the upstream says so.
    private async ValueTask<BlobSource?> OpenOrMountAsync(IUpstream upstream, MirroredName name, Digest digest)
    {
        var stored = await blobs.OpenAsync(name.Local, digest);
        if (stored.Error is not null && await FindElsewhereAsync(name, digest) is { } elsewhere
            && (await known.FindAsync(upstream, name, digest, _stopping.Token)).Fault is null
            && (await uploads.MountAsync(name.Local, elsewhere, digest, _ => true, ChangeOrigin.Mirror(name.Upstream.Name))).Error is null)
        {
            stored = await blobs.OpenAsync(name.Local, digest);
        }

        return stored.TryGet(out var source, out _) ? source : null;
    }

    private static (string? User, ClientNetwork Network) CallerOf(string? user, ClientNetwork network) => (user, user is null ? network : default);

    private static async Task<UpstreamBlob?> OpenFarAsync(
        IUpstream upstream, MirroredName name, Digest digest, ClientNetwork network, long offset, long count, CancellationToken cancellationToken)
    {
        CurrentCaller.Network = network;
        var opened = await upstream.OpenBlobAsync(name.Name.Value, digest, offset, count, cancellationToken);
        if (!opened.TryGet(out var blob, out _))
        {
            return null;
        }

        if (blob.Offset == offset)
        {
            return blob;
        }

        // An upstream without ranges.
        await blob.DisposeAsync();
        return null;
    }

    [LoggerMessage(1, LogLevel.Information, "Fetched {Digest} for {Repository} from {Upstream} in {Milliseconds} ms")]
    private partial void LogFetched(string digest, string repository, string upstream, long milliseconds);

    [LoggerMessage(2, LogLevel.Error, "{Digest} for {Repository} is not kept: {Reason}. Clients that followed it were cut off. The next request tries again, after a pause")]
    private partial void LogWrong(string digest, string repository, string reason);

    [LoggerMessage(4, LogLevel.Critical, "The fetch of {Digest} for {Repository} from {Upstream} met an internal error; please report it with these lines")]
    private partial void LogMistake(Exception exception, string digest, string repository, string upstream);

    [LoggerMessage(3, LogLevel.Warning, "{Digest} for {Repository} was not fetched: {Reason}. The next request tries again")]
    private partial void LogFailed(string digest, string repository, string reason);
}
