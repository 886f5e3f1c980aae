using Registry.Core.Blobs;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Promises;
using Registry.Core.SmallContent;
using Registry.Core.Storage;

namespace Registry.Core.Manifests;

/// <summary>Reads, stores and deletes manifests and tags.</summary>
/// <param name="blobs">Stored bytes.</param>
/// <param name="staging">Admits small content into the metadata.</param>
/// <param name="contents">Bytes for pulls.</param>
/// <param name="metadata">The metadata.</param>
/// <param name="promises">Promises what clients are told exists.</param>
/// <param name="references">References that must exist when a manifest is pushed.</param>
/// <param name="limits">Limits on manifests.</param>
/// <param name="damaged">Reports damaged manifests.</param>
/// <param name="keepsDeleted">True to move deleted manifests into the trash.</param>
public sealed class ManifestOperations(
    IBlobStore blobs,
    Staging staging,
    IBlobReader contents,
    IMetadataStore metadata,
    ContentPromises promises,
    ManifestReferences references,
    StorageLimits limits,
    DamagedContent damaged,
    bool keepsDeleted)
{
    /// <summary>
    /// Finds a manifest without its bytes; MANIFEST_UNKNOWN if there is none. A client that learns that the manifest exists may push an index that
    /// lists it without pushing it, so it is promised.
    /// </summary>
    public async ValueTask<Result<StoredManifest>> StatAsync(RepositoryName repository, Reference reference)
    {
        var manifest = await promises.FindManifestAsync(repository, reference);
        return manifest is null ? RegistryErrorCode.ManifestUnknown : await StatAsync(repository, manifest);
    }

    /// <summary>Looks whether the bytes of a manifest of a repository are there; MANIFEST_UNKNOWN if they are lost or damaged. Nothing is promised.</summary>
    public async ValueTask<Result<StoredManifest>> StatAsync(RepositoryName repository, StoredManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var actual = await contents.StatAsync(manifest.Place, manifest.Size);
        if (actual != manifest.Size)
        {
            damaged.Report("Manifest", repository, manifest.Digest, manifest.Size, actual);
            return RegistryErrorCode.ManifestUnknown;
        }

        return manifest;
    }

    /// <summary>
    /// Opens a manifest with its bytes, which the caller disposes; MANIFEST_UNKNOWN if there is none. It is promised as by <see cref="StatAsync(RepositoryName, Reference)"/>.
    /// </summary>
    public async ValueTask<Result<(StoredManifest Manifest, BlobSource Content)>> GetAsync(RepositoryName repository, Reference reference)
    {
        var manifest = await promises.FindManifestAsync(repository, reference);
        return manifest is null ? RegistryErrorCode.ManifestUnknown : await GetAsync(repository, manifest);
    }

    /// <summary>Opens the bytes of a manifest of a repository, which the caller disposes; MANIFEST_UNKNOWN if they are lost or damaged. Nothing is promised.</summary>
    public async ValueTask<Result<(StoredManifest Manifest, BlobSource Content)>> GetAsync(RepositoryName repository, StoredManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var content = await contents.OpenAsync(manifest.Place);
        if (content?.Length == manifest.Size)
        {
            return (manifest, content);
        }

        await damaged.RejectAsync("Manifest", repository, manifest.Digest, manifest.Size, content);
        return RegistryErrorCode.ManifestUnknown;
    }

    /// <summary>Stores a manifest and sets its tags.</summary>
    /// <param name="repository">The repository; its first manifest or blob creates it.</param>
    /// <param name="reference">Tag or digest of the push.</param>
    /// <param name="contentType">Content-Type without parameters; null without the header.</param>
    /// <param name="content">The bytes.</param>
    /// <param name="tags">Further tags to set, for a push by digest.</param>
    /// <param name="precondition">Condition on the current manifest of the reference.</param>
    /// <param name="origin">Origin of the push.</param>
    /// <param name="cancellationToken">
    /// Ends the wait for the referrers of a deleted subject, which the pushed one must follow. Once the manifest is being stored, it is stored.
    /// </param>
    /// <returns>The digest, the manifest and the tags that referred to another one before, or the error.</returns>
    public async Task<Result<(Digest Digest, Manifest Manifest, IReadOnlyList<MovedTag> Moved)>> PutAsync(
        RepositoryName repository,
        Reference reference,
        string? contentType,
        ReadOnlyMemory<byte> content,
        IReadOnlyList<Tag> tags,
        Precondition precondition,
        ChangeOrigin origin,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tags);
        var digest = (reference.Digest?.Algorithm ?? DigestAlgorithm.Sha256).Compute(content.Span);
        if (reference.Digest is { } expected && expected != digest)
        {
            return new RegistryError(RegistryErrorCode.DigestMismatch, $"the content received, {Count.Of(content.Length, "byte")}, has the digest {digest}, not {expected}");
        }

        if (!ManifestReader.Read(content, contentType, limits.ManifestMaxDescriptors).TryGet(out var manifest, out var invalid))
        {
            return invalid;
        }

        var put = new ManifestPut
        {
            Repository = repository,
            Digest = digest,
            Size = content.Length,
            Manifest = manifest,
            Tags = reference.Tag is { } tag ? [tag] : tags,
            Reference = reference,
            Precondition = precondition,
            Origin = origin,
            Required = RequiredReferences.Of(manifest, references),
        };
        return (await StoreAsync(put, content, cancellationToken)).TryGet(out var moved, out var refused) ? (digest, manifest, moved) : refused;
    }

    /// <summary>
    /// Asks the rules about a push of a manifest with tags, before what it refers to is there. Nothing changes; <see cref="PutAsync"/> asks again.
    /// </summary>
    /// <returns>The refusal; null if there is none.</returns>
    public async Task<RegistryError?> CheckAsync(
        RepositoryName repository, Digest digest, long size, Manifest manifest, IReadOnlyList<Tag> tags, ChangeOrigin origin) =>
        (await metadata.CheckManifestAsync(new ManifestPut
        {
            Repository = repository,
            Digest = digest,
            Size = size,
            Manifest = manifest,
            Tags = tags,
            Reference = digest,
            Origin = origin,
            Required = RequiredReferences.Of(manifest, ManifestReferences.Sparse),
        })).Error;

    /// <summary>Deletes a manifest with all its tags (by digest), or only a tag (by tag). The manifest goes into the trash, if there is one.</summary>
    public Task<Result<ManifestDeletion>> DeleteAsync(
        RepositoryName repository, Reference reference, Precondition precondition, ChangeOrigin origin) =>
        metadata.DeleteManifestAsync(repository, reference, precondition, origin, keepsDeleted);

    /// <summary>Stores a manifest that has been read already, as for a push, and sets its tags.</summary>
    /// <param name="put">The manifest.</param>
    /// <param name="content">Its bytes, which have its digest.</param>
    /// <param name="cancellationToken">As for <see cref="PutAsync"/>.</param>
    /// <returns>The tags that referred to another one before, or the error.</returns>
    public async Task<Result<IReadOnlyList<MovedTag>>> StoreAsync(ManifestPut put, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(put);
        while (true)
        {
            // Nothing is written for a push that is refused, and bytes of other repositories are not looked at: otherwise the time of the answer would
            // tell what they hold (docs/decisions/0018).
            if (!(await metadata.CheckManifestAsync(put)).TryGet(out var known, out var refused))
            {
                return refused;
            }

            // A deleted subject may have very many referrers, which are released first. Other pushes, also of other repositories, wait for the fence
            // and for staging, so this push holds neither meanwhile, and starts again.
            if (put.Manifest.Subject is { } subject)
            {
                await ReleaseReferrersAsync(put.Repository, subject.Digest, cancellationToken);
            }

            var recorded = await RecordAsync(put, content, known);
            if (recorded.Error is not null || recorded.Value is not null)
            {
                return recorded!;
            }
        }
    }

    private async Task ReleaseReferrersAsync(RepositoryName repository, Digest subject, CancellationToken cancellationToken)
    {
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
        while (await metadata.ReleaseReferrersAsync(repository, subject));
    }

    // As IMetadataStore.PutManifestAsync.
    private async Task<Result<IReadOnlyList<MovedTag>?>> RecordAsync(ManifestPut put, ReadOnlyMemory<byte> content, StoredBlob? known)
    {
        await using var fence = await blobs.FenceAsync(put.Digest);
        if (known is not null && await IsStoredAsync(known.Place, content))
        {
            return await metadata.PutManifestAsync(put);
        }

        // Also if damaged bytes exist: pushing again repairs them.
        using var place = await staging.TryTakeAsync(content.Length);
        if (place is not null)
        {
            return await metadata.PutManifestAsync(put with { Staged = content.ToArray() });
        }

        // A store that chooses keys has nothing under a digest, and never replaces bytes.
        var wasStored = await blobs.StatAsync(put.Digest) is not null;
        var stored = await blobs.PutAsync(put.Digest, content);
        var recorded = await metadata.PutManifestAsync(put with { Place = stored });
        if (!wasStored && (!recorded.TryGet(out var moved, out _) || moved is null))
        {
            await blobs.DeleteAsync([stored]);
        }

        return recorded;
    }

    private async Task<bool> IsStoredAsync(BlobPlace place, ReadOnlyMemory<byte> content)
    {
        await using var stored = await blobs.OpenAsync(place);
        if (stored?.Length != content.Length)
        {
            return false;
        }

        var bytes = await stored.ReadAsync();
        return bytes.Span.SequenceEqual(content.Span);
    }
}
