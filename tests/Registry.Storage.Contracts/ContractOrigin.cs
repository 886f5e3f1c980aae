using Registry.Core.Changes;
using Registry.Core.Collection;
using Registry.Core.Collection.Records;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Storage.Contracts;

/// <summary>Changes of a test that is not about their origin.</summary>
internal static class ContractOrigin
{
    public static ChangeOrigin Request { get; } = new()
    {
        Source = ChangeSource.Request,
        Actor = "tester",
        Request = "0123456789abcdef",
        Address = "192.0.2.1",
        Client = "contract/1.0",
    };

    public static Task<Result<ManifestDeletion>> DeleteManifestAsync(
        this IMetadataStore metadata, RepositoryName repository, Reference reference, Precondition precondition) =>
        metadata.DeleteManifestAsync(repository, reference, precondition, Request);

    public static Task<RegistryError?> LinkBlobAsync(
        this IMetadataStore metadata, RepositoryName repository, BlobPlace place, long size, UploadLease? upload = null, byte[]? staged = null) =>
        metadata.LinkBlobAsync(repository, place, size, Request, upload, staged);

    public static Task<Result<bool>> MountBlobAsync(this IMetadataStore metadata, RepositoryName source, RepositoryName target, Digest digest) =>
        metadata.MountBlobAsync(source, target, digest, Request);

    public static Task<Result<long>> UnlinkBlobAsync(this IMetadataStore metadata, RepositoryName repository, Digest digest) =>
        metadata.UnlinkBlobAsync(repository, digest, Request);

    public static Task<IReadOnlyList<Digest>> ExpireManifestsAsync(
        this ICollectorMetadata metadata,
        RepositoryName repository,
        IReadOnlyList<Digest> digests,
        TimeSpan grace,
        bool withRoots) =>
        metadata.ExpireManifestsAsync(repository, digests, grace, withRoots, ChangeOrigin.Collector);

    public static Task<IReadOnlyList<BlobLink>> ExpireLinksAsync(this ICollectorMetadata metadata, TimeSpan grace, int limit) =>
        metadata.ExpireLinksAsync(grace, limit, ChangeOrigin.Collector);
}
