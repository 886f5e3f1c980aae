using System.IO.Pipelines;
using Registry.Core.Errors;
using Registry.Core.Maintenance;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Operations;

/// <summary>Bringing blobs into a repository: in sessions, in one request, or from another repository.</summary>
/// <remarks>A session belongs to its repository and its user: to anybody else it does not exist.</remarks>
public sealed class UploadOperations(
    IUploadStore uploads, IBlobStore blobs, IMetadataStore metadata, DigestLocks locks, TreeIndexer indexer, StorageLimits limits)
{
    // How many repositories are considered as the source of a mount that names none.
    private const int MaxMountSources = 64;

    /// <summary>Begins a session.</summary>
    public async Task<Result<UploadSession>> BeginAsync(RepositoryName repository, string? owner, DigestAlgorithm algorithm)
    {
        if (indexer.RefuseUntilComplete() is { } notReady)
        {
            return notReady;
        }

        if (uploads.Count >= limits.MaxUploads)
        {
            return RegistryErrorCode.TooManyUploads;
        }

        return await uploads.CreateAsync(repository, owner, algorithm);
    }

    /// <summary>How far a session has got, or BLOB_UPLOAD_UNKNOWN.</summary>
    public async Task<Result<UploadSession>> StatAsync(RepositoryName repository, string? owner, Guid id) =>
        await FindAsync(repository, owner, id) is { } session ? session : RegistryErrorCode.UploadUnknown;

    /// <summary>Appends a chunk.</summary>
    /// <param name="repository">The repository of the session.</param>
    /// <param name="owner">The user of the session.</param>
    /// <param name="id">The session.</param>
    /// <param name="range">Where the client thinks the chunk belongs; null when it does not say.</param>
    /// <param name="body">The chunk, as it arrives.</param>
    /// <param name="cancellationToken">Ends the reading; what arrived is kept.</param>
    /// <returns>The length of the upload now.</returns>
    public async Task<Result<long>> AppendAsync(
        RepositoryName repository, string? owner, Guid id, ChunkRange? range, PipeReader body, CancellationToken cancellationToken)
    {
        long length = 0;
        var error = await UseAsync(repository, owner, id, range, async (upload, session) =>
        {
            var error = await ReceiveAsync(upload, session.Algorithm, body, cancellationToken);
            length = upload.Length;
            return error;
        });
        return error is null ? length : error;
    }

    /// <summary>
    /// Appends a last chunk, which may be empty, and makes the upload a blob of the repository. On a digest that does not match, the session
    /// stays.
    /// </summary>
    /// <inheritdoc cref="AppendAsync"/>
    /// <returns>Null, or what went wrong.</returns>
    public Task<RegistryError?> CompleteAsync(
        RepositoryName repository,
        string? owner,
        Guid id,
        Digest digest,
        ChunkRange? range,
        PipeReader body,
        CancellationToken cancellationToken) =>
        UseAsync(repository, owner, id, range, async (upload, _) =>
            await ReceiveAsync(upload, digest.Algorithm, body, cancellationToken) ?? await CommitAsync(upload, repository, digest, id));

    /// <summary>Ends a session and throws away what it has received.</summary>
    public Task<RegistryError?> CancelAsync(RepositoryName repository, string? owner, Guid id) =>
        UseAsync(repository, owner, id, null, async (upload, _) =>
        {
            await upload.AbortAsync();
            return null;
        });

    /// <summary>A blob in one request. When it fails, nothing of it is kept: the client was never told of a session.</summary>
    public async Task<RegistryError?> PushAsync(
        RepositoryName repository, Digest digest, PipeReader body, CancellationToken cancellationToken)
    {
        if (indexer.RefuseUntilComplete() is { } notReady)
        {
            return notReady;
        }

        await using var upload = uploads.CreateUnnamed(repository, digest.Algorithm);
        var error = (RegistryError?)RegistryErrorCode.UploadInvalid;
        try
        {
            error = await ReceiveAsync(upload, digest.Algorithm, body, cancellationToken)
                ?? await CommitAsync(upload, repository, digest, null);
        }
        finally
        {
            if (error is not null)
            {
                await upload.AbortAsync();
            }
        }

        return error;
    }

    /// <summary>Lets a repository see a blob of another one.</summary>
    /// <param name="target">The repository that wants it.</param>
    /// <param name="source">The one that has it; null to look for it wherever the caller may pull.</param>
    /// <param name="digest">The blob.</param>
    /// <param name="mayPull">Whether the caller may pull from a repository.</param>
    /// <returns>False when it cannot be had that way; the client then uploads it.</returns>
    public async Task<Result<bool>> MountAsync(
        RepositoryName target, RepositoryName? source, Digest digest, Func<RepositoryName, bool> mayPull)
    {
        ArgumentNullException.ThrowIfNull(mayPull);
        if (indexer.RefuseUntilComplete() is { } notReady)
        {
            return notReady;
        }

        if (await blobs.StatAsync(digest) is null)
        {
            return false;
        }

        var sources = source is { } named ? [named] : await metadata.FindRepositoriesWithBlobAsync(digest, MaxMountSources);
        foreach (var candidate in sources.Where(mayPull))
        {
            if (await metadata.MountBlobAsync(candidate, target, digest))
            {
                return true;
            }
        }

        return false;
    }

    // Every use of a session: find it, take it for this request alone, and check that the chunk belongs where the upload ends.
    private async Task<RegistryError?> UseAsync(
        RepositoryName repository, string? owner, Guid id, ChunkRange? range, Func<IUpload, UploadSession, Task<RegistryError?>> use)
    {
        if (indexer.RefuseUntilComplete() is { } notReady)
        {
            return notReady;
        }

        if (await FindAsync(repository, owner, id) is not { } session)
        {
            return RegistryErrorCode.UploadUnknown;
        }

        await using var upload = await uploads.TryAcquireAsync(id);
        if (upload is null)
        {
            return new RegistryError(RegistryErrorCode.UploadInUse) { Upload = new(repository, id, session.Length) };
        }

        return OutOfOrder(session, upload, range) ?? await use(upload, session);
    }

    private static RegistryError? OutOfOrder(UploadSession session, IUpload upload, ChunkRange? range) =>
        range is null || range.Value.First == upload.Length
            ? null
            : new RegistryError(
                RegistryErrorCode.UploadOutOfOrder,
                $"the chunk begins at {range.Value.First} but {upload.Length} bytes have been received")
            {
                Upload = new(session.Repository, session.Id, upload.Length),
            };

    private async ValueTask<UploadSession?> FindAsync(RepositoryName repository, string? owner, Guid id) =>
        await uploads.FindAsync(id) is { } session && session.Repository == repository && session.Owner == owner ? session : null;

    // What has become too large can never be completed, so its room is given back at once.
    private async Task<RegistryError?> ReceiveAsync(
        IUpload upload, DigestAlgorithm algorithm, PipeReader body, CancellationToken cancellationToken)
    {
        if (await upload.AppendAsync(body, algorithm, cancellationToken))
        {
            return null;
        }

        await upload.AbortAsync();
        return new RegistryError(RegistryErrorCode.BlobTooLarge, $"a blob has at most {limits.BlobMaxSize} bytes here");
    }

    private async Task<RegistryError?> CommitAsync(IUpload upload, RepositoryName repository, Digest digest, Guid? session)
    {
        if (!await upload.MatchesAsync(digest))
        {
            return new RegistryError(RegistryErrorCode.DigestMismatch, $"the {upload.Length} bytes received are not {digest}");
        }

        using var holder = await locks.AcquireAsync(digest);
        var size = await upload.CommitAsync(digest);
        await metadata.LinkBlobAsync(repository, digest, size, session);
        return null;
    }
}
