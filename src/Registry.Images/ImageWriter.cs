using System.IO.Pipelines;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Images.Layouts;

namespace Registry.Images;

/// <summary>Writes images into a repository by the operations of a push, so that all rules of a push apply.</summary>
/// <param name="metadata">Metadata of the registry.</param>
/// <param name="uploads">Stores blobs.</param>
/// <param name="manifests">Stores manifests and tags.</param>
/// <param name="origin">Origin of the images.</param>
/// <param name="isReadOnly">Returns true while the registry must not be changed; null if it always may.</param>
public sealed class ImageWriter(
    IMetadataStore metadata, UploadOperations uploads, ManifestOperations manifests, ChangeOrigin origin, Func<bool>? isReadOnly = null)
{
    /// <summary>True while the registry must not be changed.</summary>
    internal bool IsReadOnly => isReadOnly?.Invoke() == true;

    /// <summary>Metadata of the registry.</summary>
    internal IMetadataStore Metadata => metadata;

    /// <summary>A writer of the same registry, for a repository that is mirrored from an upstream.</summary>
    internal ImageWriter OfMirror(string upstream) => new(metadata, uploads, manifests, ChangeOrigin.Mirror(upstream), isReadOnly);

    /// <summary>Links a blob of another repository; false if that repository does not have it.</summary>
    internal async Task<bool> MountAsync(RepositoryName target, RepositoryName? source, Digest digest) =>
        (await uploads.MountAsync(target, source, digest, _ => true, origin)).TryGet(out var isMounted, out var error) ? isMounted : throw Refused($"{digest}", error);

    /// <summary>Stores a blob.</summary>
    internal async Task PushAsync(RepositoryName repository, Digest digest, Stream content, CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(content, new StreamPipeReaderOptions(bufferSize: 256 * 1024, leaveOpen: true));
        try
        {
            if ((await uploads.PushAsync(repository, digest, null, reader, origin, cancellationToken)).Error is { } error)
            {
                throw Refused($"the blob {digest}", error);
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    /// <summary>Asks the rules about a manifest and its tags, before anything is written: what was written without its tag would stay.</summary>
    /// <exception cref="LayoutException">A rule refuses it.</exception>
    internal async Task CheckAsync(RepositoryName repository, LoadedManifest manifest, IReadOnlyList<Tag> tags)
    {
        var (_, digest, size) = manifest.Descriptor;
        if (await manifests.CheckAsync(repository, digest, size, manifest.Manifest, tags, origin) is { } error)
        {
            throw Refused($"the manifest {digest}", error);
        }
    }

    /// <summary>Stores a manifest, with or without tags.</summary>
    internal async Task PutAsync(RepositoryName repository, LoadedManifest manifest, IReadOnlyList<Tag> tags, CancellationToken cancellationToken)
    {
        var put = await manifests.PutAsync(
            repository, manifest.Descriptor.Digest, manifest.Descriptor.MediaType, manifest.Content, tags, Precondition.None, origin, cancellationToken);
        if (put.Error is { } error)
        {
            throw Refused($"the manifest {manifest.Descriptor.Digest}", error);
        }
    }

    /// <summary>Stores a manifest as another registry has it: whatever it refers to, and if a push of it would be refused.</summary>
    internal async Task KeepAsync(RepositoryName repository, LoadedManifest manifest, IReadOnlyList<Tag> tags, CancellationToken cancellationToken)
    {
        var (mediaType, digest, size) = manifest.Descriptor;
        var put = new ManifestPut
        {
            Repository = repository,
            Digest = digest,
            Size = size,
            Manifest = manifest.Manifest with { MediaType = mediaType },
            Tags = tags,
            Reference = digest,
            Origin = origin,
            Required = RequiredReferences.Of(manifest.Manifest, ManifestReferences.Sparse),
        };
        if ((await manifests.StoreAsync(put, manifest.Content, cancellationToken)).Error is { } error)
        {
            throw Refused($"the manifest {digest}", error);
        }
    }

    /// <summary>Removes a manifest with its tags, or a tag. One that is gone is no fault.</summary>
    internal async Task RemoveAsync(RepositoryName repository, Reference reference)
    {
        var deleted = await manifests.DeleteAsync(repository, reference, Precondition.None, origin);
        if (deleted.Error is { } error && error.Code != RegistryErrorCode.ManifestUnknown)
        {
            throw Refused($"the removal of {reference}", error);
        }

        if (deleted.Error is null && deleted.Value is { Fault: { } fault })
        {
            throw new StorageException(fault.Message, fault);
        }
    }

    /// <summary>Makes a blob invisible in a repository. One that is gone is no fault.</summary>
    internal async Task UnlinkAsync(RepositoryName repository, Digest digest)
    {
        if ((await metadata.UnlinkBlobAsync(repository, digest, origin)).Error is { } error && error.Code != RegistryErrorCode.BlobUnknown)
        {
            throw Refused($"the removal of the blob {digest}", error);
        }
    }

    private static LayoutException Refused(string what, RegistryError error) => new($"{what} was refused: {error}");
}
