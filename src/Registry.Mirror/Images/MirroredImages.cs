using Registry.Core;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Inventory;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Mirror.Configuration;
using Registry.Mirror.Fetches;
using Registry.Mirror.Pulls;
using Registry.Mirror.Upstreams;

namespace Registry.Mirror.Images;

/// <summary>What an operator does with images of mirrored repositories: fetches them before they are needed, asks for a tag, removes them.</summary>
public sealed class MirroredImages
{
    private readonly RegistryCore _core;
    private readonly IMirrorMetadata _metadata;
    private readonly IInventory _inventory;
    private readonly MirroredManifests _manifests;
    private readonly BlobFetches _fetches;
    private readonly PullRecord _record;
    private readonly Func<RepositoryName, MirroredName?> _names;
    private readonly Func<UpstreamSettings, IUpstream> _connect;

    /// <param name="core">The operations on what is here.</param>
    /// <param name="metadata">Removes manifests.</param>
    /// <param name="inventory">Lists them.</param>
    /// <param name="manifests">Fetches manifests.</param>
    /// <param name="fetches">Fetches blobs.</param>
    /// <param name="record">Times of pulls.</param>
    /// <param name="names">Returns the mirrored name of a repository; null for another one.</param>
    /// <param name="connect">Returns the client of an upstream.</param>
    internal MirroredImages(
        RegistryCore core,
        IMirrorMetadata metadata,
        IInventory inventory,
        MirroredManifests manifests,
        BlobFetches fetches,
        PullRecord record,
        Func<RepositoryName, MirroredName?> names,
        Func<UpstreamSettings, IUpstream> connect) =>
        (_core, _metadata, _inventory, _manifests, _fetches, _record, _names, _connect) = (core, metadata, inventory, manifests, fetches, record, names, connect);

    /// <summary>The error for a repository that is not mirrored.</summary>
    public static RegistryError NotMirrored(RepositoryName repository) =>
        new(RegistryErrorCode.NameUnknown, $"{repository} is not mirrored: no upstream of the configuration has a prefix of its name");

    /// <summary>
    /// Removes an image at once, past grace period and trash, so that the next pull fetches it anew: a manifest with all its tags and those that it lists and nothing else holds, or all manifests
    /// of a repository.
    /// </summary>
    /// <param name="image">The image, by its name here; a repository for all of it.</param>
    /// <param name="origin">Who asks for it.</param>
    /// <param name="cancellationToken">Ends the work before the next manifest.</param>
    /// <returns>What was removed; NAME_UNKNOWN if the repository is not mirrored or has nothing, MANIFEST_UNKNOWN if it has no such manifest.</returns>
    public async Task<Result<ForgottenImage>> ForgetAsync(ImageReference image, ChangeOrigin origin, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (_names(image.Repository) is not { } name)
        {
            return NotMirrored(image.Repository);
        }

        var removal = new ImageRemoval(_core, _metadata, _inventory, name.Local, origin);
        if (image.Reference is not { } reference)
        {
            await removal.RemoveAllAsync(cancellationToken);
            return removal.Removed.Manifests > 0 ? removal.Removed : new RegistryError(RegistryErrorCode.NameUnknown, $"nothing of {name.Local} is here");
        }

        if (await _core.Metadata.FindManifestAsync(name.Local, reference) is not { } stored)
        {
            return new RegistryError(RegistryErrorCode.ManifestUnknown, $"{reference} of {name.Local} is not here");
        }

        await removal.RemoveTreeAsync(stored.Digest, cancellationToken);
        return removal.Removed;
    }

    /// <summary>Asks the upstream for a tag now, as if its period had passed, and fetches the manifest if it has moved.</summary>
    /// <param name="repository">The repository, by its name here.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What it was and is; NAME_UNKNOWN if the repository is not mirrored, MANIFEST_UNKNOWN if neither has it, or why it is not known.</returns>
    public async Task<Result<CheckedTag>> CheckAsync(RepositoryName repository, Tag tag, CancellationToken cancellationToken)
    {
        if (!FindIncluded(repository).TryGet(out var name, out var refused))
        {
            return refused;
        }

        var was = (await _core.Metadata.FindManifestAsync(name.Local, tag))?.Digest;
        var asked = await _manifests.CheckAsync(_connect(name.Upstream), name, tag, cancellationToken);
        return asked.TryGet(out var freshness, out var error) ? new CheckedTag(was, (await _core.Metadata.FindManifestAsync(name.Local, tag))?.Digest, freshness.Stale)
            : was is not null && error.Code == RegistryErrorCode.ManifestUnknown ? new CheckedTag(was, null, null)
            : error;
    }

    /// <summary>Fetches an image as a whole, so that pulls of it do not need the upstream.</summary>
    /// <param name="repository">The repository, by its name here.</param>
    /// <param name="reference">Tag or digest.</param>
    /// <param name="platform">Platform whose images alone are fetched (<see cref="ImagePlatform"/>); null for all.</param>
    /// <param name="user">User whose fetches these are; null for none.</param>
    /// <param name="progress">Receives the progress; null for none.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>What it has; NAME_UNKNOWN if the repository is not mirrored, MANIFEST_UNKNOWN or BLOB_UNKNOWN if the upstream has it not, or not for the platform, or why it is not known.</returns>
    public async Task<Result<WarmedImage>> WarmAsync(
        RepositoryName repository, Reference reference, string? platform, string? user, IProgress<WarmingProgress>? progress, CancellationToken cancellationToken) =>
        FindIncluded(repository).TryGet(out var name, out var refused)
            ? await new ImageWarming(_core, _manifests, _fetches, _record, _connect(name.Upstream), name, platform, user).RunAsync(reference, progress, cancellationToken)
            : refused;

    private Result<MirroredName> FindIncluded(RepositoryName repository) => _names(repository) is not { } name ? NotMirrored(repository)
        : name.IsIncluded ? name
        : new RegistryError(RegistryErrorCode.NameUnknown, $"the configuration of {name.Upstream.Name} leaves {name.Name} out");
}
