using System.IO.Pipelines;
using Registry.Core.Blobs;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Fairness;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Uploads;

/// <summary>Brings blobs into a repository: in sessions, in one request, or from another repository.</summary>
/// <remarks>A session belongs to its repository and its user. For any other user it does not exist.</remarks>
public sealed class UploadOperations(
    UploadStore uploads, IBlobStore blobs, IBlobReader contents, IMetadataStore metadata, StorageLimits limits, TimeProvider time)
{
    // Number of repositories considered as the source of a mount without a source.
    private const int MaxMountSources = 64;

    // A client that repeats a request may be faster than the server in noticing that the first connection is lost.
    private static readonly TimeSpan Handover = TimeSpan.FromSeconds(1);

    // Silence after which a request is taken for dead when its client continues the upload with another one: a connection can vanish without a
    // sign, and a client pauses for less while it has a request open.
    private static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(5);

    /// <summary>Lists the sessions of all callers in the order of their ids, for admins.</summary>
    /// <param name="after">Id after which the list begins; the empty one for the first.</param>
    /// <param name="limit">Largest number.</param>
    public async Task<Page<UploadSession>> ListAsync(Guid after, int limit)
    {
        var found = await uploads.ListAsync(after, limit + 1);
        return new Page<UploadSession>([.. found.Take(limit)], found.Count > limit);
    }

    /// <summary>Finds the session of any caller, for admins; BLOB_UPLOAD_UNKNOWN if there is none.</summary>
    public async Task<Result<UploadSession>> FindAsync(Guid id) => await uploads.FindAsync(id) is { } session ? session : RegistryErrorCode.UploadUnknown;

    /// <summary>Begins a session; TOOMANYREQUESTS if the caller has its share of them, or none is left.</summary>
    /// <param name="repository">Repository of the session.</param>
    /// <param name="owner">User of the session; null for an anonymous caller.</param>
    /// <param name="network">Network of the caller.</param>
    /// <param name="algorithm">Expected algorithm of the digest.</param>
    public async Task<Result<UploadSession>> BeginAsync(RepositoryName repository, string? owner, ClientNetwork network, DigestAlgorithm algorithm)
    {
        if (metadata.Refusal is { } refusal)
        {
            return refusal;
        }

        return await uploads.BeginAsync(repository, owner, network, algorithm);
    }

    /// <summary>Finds a session, with its length; BLOB_UPLOAD_UNKNOWN if there is none.</summary>
    public async Task<Result<UploadSession>> StatAsync(RepositoryName repository, string? owner, Guid id) =>
        await FindAsync(repository, owner, id) is { } session ? session : RegistryErrorCode.UploadUnknown;

    /// <summary>Appends a chunk. If the body breaks off, the received bytes are kept.</summary>
    /// <param name="repository">Repository of the session.</param>
    /// <param name="owner">User of the session.</param>
    /// <param name="id">The session.</param>
    /// <param name="place">Position and length of the chunk, as far as the request gives them.</param>
    /// <param name="body">The chunk, as it arrives.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <returns>New length of the upload in bytes.</returns>
    public async Task<Result<long>> AppendAsync(
        RepositoryName repository, string? owner, Guid id, ChunkPlace place, PipeReader body, CancellationToken cancellationToken)
    {
        long length = 0;
        var error = await UseAsync(repository, owner, id, place, async (upload, session) =>
        {
            // A chunk of unknown length with a Content-Range may end elsewhere than it says.
            if (place is { Range: not null, Length: null })
            {
                upload.Mark();
            }

            var error = await ReceiveAsync(upload, session.Algorithm, place, body, cancellationToken);
            if (error is not null)
            {
                await upload.RewindAsync();
            }
            else if (!await upload.SaveAsync())
            {
                error = new RegistryError(RegistryErrorCode.UploadTakenOver, UploadLease.Lost);
            }

            length = upload.Length;
            return error;
        });
        return error is null ? length : error;
    }

    /// <summary>
    /// Appends the last chunk, which may be empty, and makes the upload a blob of the repository. If that fails, for any reason, the upload has
    /// the same length as before, so that the client can repeat the same request. Two exceptions: the session of a large blob that a rule has allowed and then
    /// refuses after all has ended, and when the storage fails after the bytes have become a blob, or while they do, the upload begins again without a byte.
    /// </summary>
    /// <param name="repository">Repository of the session.</param>
    /// <param name="owner">User of the session.</param>
    /// <param name="id">The session.</param>
    /// <param name="digest">Digest of the blob.</param>
    /// <param name="place">Position and length of the chunk, as far as the request gives them.</param>
    /// <param name="body">The chunk, as it arrives.</param>
    /// <param name="origin">Origin of the blob.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <returns>The size of the blob in bytes, or the error.</returns>
    public async Task<Result<long>> CompleteAsync(
        RepositoryName repository,
        string? owner,
        Guid id,
        Digest digest,
        ChunkPlace place,
        PipeReader body,
        ChangeOrigin origin,
        CancellationToken cancellationToken)
    {
        var size = 0L;
        var refused = await UseAsync(repository, owner, id, place, async (upload, _) =>
        {
            upload.Mark(isLast: true);
            var isDone = false;
            try
            {
                var error = await metadata.CheckQuotaAsync(repository, upload.Length + (place.Length ?? 0), origin)
                    ?? await ReceiveAsync(upload, digest.Algorithm, place, body, cancellationToken);
                if (error is null && !(await CommitAsync(upload, repository, digest, origin, upload.Lease)).TryGet(out size, out var refusal))
                {
                    error = refusal;
                }

                isDone = error is null;
                return error;
            }
            finally
            {
                if (!isDone)
                {
                    await upload.RewindAsync();
                }
            }
        });
        return refused is null ? size : refused;
    }

    /// <summary>Ends a session and discards the received bytes.</summary>
    public Task<RegistryError?> CancelAsync(RepositoryName repository, string? owner, Guid id) =>
        UseAsync(repository, owner, id, null, async (upload, _) =>
        {
            await upload.AbortAsync();
            return null;
        });

    /// <summary>Stores a blob from one request. If that fails, no bytes are kept, since the client knows of no session.</summary>
    /// <param name="repository">Repository that gets the blob.</param>
    /// <param name="digest">Digest of the blob.</param>
    /// <param name="length">Content-Length, in bytes; null without the header.</param>
    /// <param name="body">The blob, as it arrives.</param>
    /// <param name="origin">Origin of the blob.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <param name="follower">Reads the bytes while they arrive; null for none.</param>
    /// <returns>The size of the blob in bytes, or the error.</returns>
    public async Task<Result<long>> PushAsync(
        RepositoryName repository,
        Digest digest,
        long? length,
        PipeReader body,
        ChangeOrigin origin,
        CancellationToken cancellationToken,
        IUploadFollower? follower = null)
    {
        if (metadata.Refusal is { } refusal)
        {
            return refusal;
        }

        if (length > limits.BlobMaxSize)
        {
            return TooLarge();
        }

        if (await metadata.CheckQuotaAsync(repository, length ?? 0, origin) is { } exceeded)
        {
            return exceeded;
        }

        await using var upload = await uploads.CreateUnnamedAsync(repository, digest.Algorithm, isFollowed: follower is not null);
        follower?.Begin(upload);
        Result<long> stored = RegistryErrorCode.UploadInvalid;
        try
        {
            stored = await upload.AppendAsync(body, digest.Algorithm, cancellationToken)
                ? await CommitAsync(upload, repository, digest, origin, null, follower)
                : TooLarge();
        }
        finally
        {
            if (stored.Error is not null)
            {
                await upload.AbortAsync();
            }
        }

        return stored;
    }

    /// <summary>Makes a blob of another repository visible in this one.</summary>
    /// <param name="target">Repository that gets the blob.</param>
    /// <param name="source">Repository that has the blob; null to search all repositories that the caller may pull from.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="mayPull">Returns true if the caller may pull from a repository.</param>
    /// <param name="origin">Origin of the mount.</param>
    /// <returns>False if the blob cannot be mounted; the client then uploads it.</returns>
    public async Task<Result<bool>> MountAsync(
        RepositoryName target, RepositoryName? source, Digest digest, Func<RepositoryName, bool> mayPull, ChangeOrigin origin)
    {
        ArgumentNullException.ThrowIfNull(mayPull);
        if (metadata.Refusal is { } refusal)
        {
            return refusal;
        }

        // The bytes are looked up only for a caller who may see them, so that others cannot tell by the time it takes whether they exist.
        var sources = source is { } named ? [named] : await metadata.FindRepositoriesWithBlobAsync(digest, MaxMountSources);
        foreach (var candidate in sources.Where(mayPull))
        {
            if (await metadata.FindBlobAsync(candidate, digest) is not { } blob)
            {
                continue;
            }

            // All repositories have the same bytes.
            if (await contents.StatAsync(blob.Place, blob.Size) is null)
            {
                return false;
            }

            if (await metadata.CheckQuotaAsync(target, blob.Size, origin) is { } exceeded && await metadata.FindBlobAsync(target, digest) is null)
            {
                return exceeded;
            }

            var mounted = await metadata.MountBlobAsync(candidate, target, digest, origin);
            if (!mounted.TryGet(out var isMounted, out _) || isMounted)
            {
                return mounted;
            }
        }

        return false;
    }

    // Each use of a session: find it, reserve it for this request, and check that the request continues at the end of the upload. A request without
    // a place discards the upload.
    private async Task<RegistryError?> UseAsync(
        RepositoryName repository, string? owner, Guid id, ChunkPlace? place, Func<Upload, UploadSession, Task<RegistryError?>> use)
    {
        if (metadata.Refusal is { } refusal)
        {
            return refusal;
        }

        if (await FindAsync(repository, owner, id) is not { } session)
        {
            return RegistryErrorCode.UploadUnknown;
        }

        await using var upload = await AcquireAsync(session, place);
        if (upload is null)
        {
            return await FindAsync(repository, owner, id) is not { } current ? RegistryErrorCode.UploadUnknown
                : uploads.SilenceOf(id) >= MaxSilence && OutOfOrder(current.Length, place) is { } elsewhere ? elsewhere
                : RegistryErrorCode.UploadInUse;
        }

        try
        {
            return OutOfOrder(upload.Length, place) ?? await use(upload, session);
        }
        catch (UploadTakenOverException)
        {
            return new RegistryError(RegistryErrorCode.UploadTakenOver, $"this request had sent nothing for {MaxSilence.TotalSeconds} seconds");
        }
    }

    private async Task<Upload?> AcquireAsync(UploadSession session, ChunkPlace? place)
    {
        var id = session.Id;
        if (await uploads.TryAcquireAsync(id) is { } free)
        {
            return free;
        }

        // Only for a client that knows how far the upload is: a request that is sent twice by mistake ends nothing.
        if (place is null || (place.Value.Position ?? place.Value.Range?.First) == session.Length)
        {
            uploads.TryTakeOver(id, MaxSilence);
        }

        using var patience = new CancellationTokenSource(Handover, time);
        while (true)
        {
            var released = uploads.ReleasedAsync(id);
            await released.WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!released.IsCompleted || await uploads.FindAsync(id) is null)
            {
                return null;
            }

            if (await uploads.TryAcquireAsync(id) is { } upload)
            {
                return upload;
            }
        }
    }

    private static RegistryError? OutOfOrder(long received, ChunkPlace? place) => place switch
    {
        { Position: { } position } when position != received => new RegistryError(
            RegistryErrorCode.UploadOutOfOrder,
            $"the URL is not the Location of the latest response; the upload has {Count.Of(received, "byte")}, continue at the Location of this response"),
        { Range: { } range } when range.First != received => new RegistryError(
            RegistryErrorCode.UploadOutOfOrder, $"the chunk begins at {range.First}, but the upload has {Count.Of(received, "byte")}"),
        { Range: { } range, Length: { } length } when range.Length != length => WrongEnd(range, length),
        _ => null,
    };

    private static RegistryError WrongEnd(ChunkRange range, long length) =>
        new(RegistryErrorCode.UploadOutOfOrder, $"Content-Range spans {Count.Of(range.Length, "byte")}, but the body has {length}");

    private async ValueTask<UploadSession?> FindAsync(RepositoryName repository, string? owner, Guid id) =>
        await uploads.FindAsync(id) is { } session && session.Repository == repository && session.Owner == owner ? session : null;

    private async Task<RegistryError?> ReceiveAsync(
        Upload upload, DigestAlgorithm algorithm, ChunkPlace place, PipeReader body, CancellationToken cancellationToken)
    {
        var before = upload.Length;
        if (place.Length > limits.BlobMaxSize - before || !await upload.AppendAsync(body, algorithm, cancellationToken))
        {
            // It can never be completed, so its space is freed at once.
            await upload.AbortAsync();
            return TooLarge();
        }

        var received = upload.Length - before;
        return place.Range is { } range && range.Length != received ? WrongEnd(range, received) : null;
    }

    private RegistryError TooLarge() => new(RegistryErrorCode.BlobTooLarge, $"a blob may have at most {limits.BlobMaxSize} bytes");

    private async Task<Result<long>> CommitAsync(
        Upload upload, RepositoryName repository, Digest digest, ChangeOrigin origin, UploadLease? session, IUploadFollower? follower = null)
    {
        if (!await upload.MatchesAsync(digest))
        {
            return new RegistryError(RegistryErrorCode.DigestMismatch, $"the content received, {Count.Of(upload.Length, "byte")}, does not have the digest {digest}");
        }

        follower?.Verified();
        await using var fence = await blobs.FenceAsync(digest);
        var bytes = await upload.TryStageAsync();

        // Nothing is placed for a blob that is refused, and the session keeps its bytes. Not asked earlier: only the bytes prove that the caller has the
        // blob, and the answer may tell whether the repository does.
        var size = upload.Length;
        if (bytes is null && (await metadata.CheckQuotaAsync(repository, size, origin) ?? await metadata.CheckBlobAsync(repository, digest, size, origin)) is { } early)
        {
            return early;
        }

        // A rule may refuse after all, since other changes come in between. Bytes that nothing else needs are removed as after a crash here (UnknownBlobSweep).
        BlobPlace place = bytes is null ? await upload.CommitAsync(digest) : digest;
        var refused = await metadata.LinkBlobAsync(repository, place, size, origin, session, bytes);
        if (refused is null)
        {
            await upload.EndAsync();
            return size;
        }

        if (refused.Code == RegistryErrorCode.UploadTakenOver)
        {
            upload.Leave();
        }
        else if (bytes is null && session is not null)
        {
            // The refusal has kept the session, whose bytes are gone.
            await upload.AbortAsync();
        }

        return refused;
    }
}
