using System.IO.Pipelines;
using Registry.Core.Blobs;
using Registry.Core.Errors;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Uploads;
using Registry.Storage.Contracts;

namespace Registry.Storage.Testing;

/// <summary>Operations of a test that is not about the origin of changes.</summary>
internal static class TestOrigin
{
    public static Task<Result<(Digest Digest, Manifest Manifest, IReadOnlyList<MovedTag> Moved)>> PutAsync(
        this ManifestOperations manifests,
        RepositoryName repository,
        Reference reference,
        string? contentType,
        ReadOnlyMemory<byte> content,
        IReadOnlyList<Tag> tags,
        Precondition precondition) =>
        manifests.PutAsync(repository, reference, contentType, content, tags, precondition, ContractOrigin.Request, CancellationToken.None);

    public static Task<Result<ManifestDeletion>> DeleteAsync(
        this ManifestOperations manifests, RepositoryName repository, Reference reference, Precondition precondition) =>
        manifests.DeleteAsync(repository, reference, precondition, ContractOrigin.Request);

    public static Task<Result<long>> DeleteAsync(this BlobOperations blobs, RepositoryName repository, Digest digest) =>
        blobs.DeleteAsync(repository, digest, ContractOrigin.Request);

    public static Task<Result<long>> PushAsync(
        this UploadOperations uploads, RepositoryName repository, Digest digest, long? length, PipeReader body, CancellationToken cancellationToken) =>
        uploads.PushAsync(repository, digest, length, body, ContractOrigin.Request, cancellationToken);

    public static Task<Result<long>> CompleteAsync(
        this UploadOperations uploads,
        RepositoryName repository,
        string? owner,
        Guid id,
        Digest digest,
        ChunkPlace place,
        PipeReader body,
        CancellationToken cancellationToken) =>
        uploads.CompleteAsync(repository, owner, id, digest, place, body, ContractOrigin.Request, cancellationToken);

    public static Task<Result<bool>> MountAsync(
        this UploadOperations uploads, RepositoryName target, RepositoryName? source, Digest digest, Func<RepositoryName, bool> mayPull) =>
        uploads.MountAsync(target, source, digest, mayPull, ContractOrigin.Request);
}
