using System.Globalization;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Trash;

namespace Registry.Core.History;

/// <summary>
/// Sets tags back to manifests that are stored: each rollback is a push of what is there already, with all its rules. The caller may push to the repository, and
/// pull from it, since the answers tell of its history.
/// </summary>
/// <param name="history">The history.</param>
/// <param name="metadata">Metadata with the current tags.</param>
/// <param name="manifests">Stored manifests.</param>
/// <param name="trash">Deleted manifests that can be restored.</param>
public sealed class RollbackOperations(ITagHistory history, IMetadataStore metadata, ManifestOperations manifests, TrashReader trash)
{
    private const int PageSize = 100;

    /// <summary>Sets a tag back. A deleted tag is created again.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="target">The manifest to set it to.</param>
    /// <param name="precondition">Condition on the manifest that the tag refers to.</param>
    /// <param name="origin">Origin of the rollback.</param>
    /// <param name="cancellationToken">As for <see cref="ManifestOperations.PutAsync"/>.</param>
    /// <returns>
    /// The manifests now and before; or PRECONDITION_FAILED, the refusal of a rule, MANIFEST_UNKNOWN when neither the tag nor a history of it exists, or the
    /// named manifest never was in the repository; or <see cref="RegistryErrorCode.RollbackImpossible"/> with the reason: the manifest is gone, there was none, or the
    /// tag has moved meanwhile, so that another manifest is the previous one.
    /// </returns>
    public async Task<Result<Rollback>> RollBackAsync(
        RepositoryName repository,
        Tag tag,
        RollbackTarget target,
        Precondition precondition,
        ChangeOrigin origin,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(precondition);
        while (true)
        {
            var current = (await metadata.FindManifestAsync(repository, tag))?.Digest;
            if (!precondition.Holds(current))
            {
                return RegistryErrorCode.PreconditionFailed;
            }

            if (!(await FindTargetAsync(repository, tag, target, current)).TryGet(out var digest, out var unknown))
            {
                return unknown;
            }

            var refused = digest == current ? null : await SetAsync(repository, tag, digest, current, origin, cancellationToken);
            if (refused is null)
            {
                return new Rollback(digest, current);
            }

            if (refused.Code != RegistryErrorCode.PreconditionFailed)
            {
                return refused;
            }

            // Another request has moved the tag. Whatever it is now, it is set to the manifest that the caller means; but the previous one is another now.
            if (target == RollbackTarget.Previous)
            {
                return Impossible($"another request has moved {tag} meanwhile, so its previous manifest is another one; see its history, and repeat the rollback if it is still wanted");
            }
        }
    }

    private async Task<Result<Digest>> FindTargetAsync(RepositoryName repository, Tag tag, RollbackTarget target, Digest? current)
    {
        if (current is null && (await history.ReadAsync(repository, tag, before: null, limit: 1)).Entries.Count == 0)
        {
            return new RegistryError(RegistryErrorCode.ManifestUnknown, $"the repository {repository} has no tag {tag}, and no history of it");
        }

        if (target.Digest is { } named)
        {
            return named;
        }

        if (target.Time is not { } time)
        {
            return await FindPreviousAsync(repository, tag, current) is { } previous
                ? previous
                : Impossible($"{tag} has referred to no other manifest that is remembered");
        }

        // Without any change, it has always been what it is.
        var then = await history.FindStateAsync(repository, tag, time) is { } state ? state.Digest : current;
        return then is { } found ? found : Impossible(string.Create(
            CultureInfo.InvariantCulture, $"there was no tag {tag} at {time.UtcDateTime:yyyy-MM-dd HH:mm:ss.fff} UTC, and a rollback deletes none"));
    }

    private async Task<Digest?> FindPreviousAsync(RepositoryName repository, Tag tag, Digest? current)
    {
        long? before = null;
        while (true)
        {
            var page = await history.ReadAsync(repository, tag, before, PageSize);
            foreach (var digest in page.Entries.SelectMany(entry => new[] { entry.Digest, entry.Previous }))
            {
                if (digest is not null && digest != current)
                {
                    return digest;
                }
            }

            if (!page.HasMore)
            {
                return null;
            }

            before = page.Entries[^1].Position;
        }
    }

    // Null if the tag is set; PRECONDITION_FAILED if it is no longer what it was.
    private async Task<RegistryError?> SetAsync(
        RepositoryName repository, Tag tag, Digest digest, Digest? current, ChangeOrigin origin, CancellationToken cancellationToken)
    {
        while (true)
        {
            RegistryError? refused;
            if ((await manifests.GetAsync(repository, digest)).TryGet(out var found, out _))
            {
                await using var source = found.Content;
                refused = await SetAsync(repository, tag, found.Manifest, await source.ReadAsync(cancellationToken), current, origin, cancellationToken);
            }
            else if (await trash.FindAsync(repository, digest) is { } entry)
            {
                refused = await SetAsync(entry, tag, current, origin, cancellationToken);
            }
            else
            {
                return await DescribeLossAsync(repository, digest);
            }

            // Otherwise another request has deleted it, or taken it out of the trash.
            if (refused?.Code != RegistryErrorCode.ManifestUnknown)
            {
                return refused;
            }
        }
    }

    private async Task<RegistryError?> SetAsync(
        RepositoryName repository,
        Tag tag,
        StoredManifest stored,
        ReadOnlyMemory<byte> content,
        Digest? current,
        ChangeOrigin origin,
        CancellationToken cancellationToken)
    {
        // Otherwise damaged bytes could be written where another request has just removed them.
        var digest = stored.Digest;
        if (digest.Algorithm.Compute(content.Span) != digest)
        {
            return Damaged(digest);
        }

        // What was stored by another registry may be unreadable here. Its references are recorded, and do not change.
        var manifest = (StoredManifestReader.Read(content) ?? new Manifest { MediaType = stored.MediaType }) with { MediaType = stored.MediaType };
        var put = new ManifestPut
        {
            Repository = repository,
            Digest = digest,
            Size = content.Length,
            Manifest = manifest,
            MustExist = true,
            Tags = [tag],
            Reference = tag,
            Precondition = Precondition.Exactly(current),
            Origin = origin,
            Required = RequiredReferences.Of(manifest, ManifestReferences.Sparse),
        };
        return (await manifests.StoreAsync(put, content, cancellationToken)).Error;
    }

    // Takes the manifest out of the trash, without its other tags.
    private async Task<RegistryError?> SetAsync(TrashEntry entry, Tag tag, Digest? current, ChangeOrigin origin, CancellationToken cancellationToken)
    {
        if (await trash.ReadAsync(entry, cancellationToken) is not { } trashed)
        {
            return await trash.FindAsync(entry.Repository, entry.Digest) is { } now && now.Id == entry.Id
                ? Damaged(entry.Digest)
                : RegistryErrorCode.ManifestUnknown;
        }

        var put = trashed.Put(origin) with { Tags = [tag], Reference = tag, Precondition = Precondition.Exactly(current) };
        var refused = (await manifests.StoreAsync(put, trashed.Content, cancellationToken)).Error;
        return refused?.Code == RegistryErrorCode.ManifestBlobUnknown
            ? Impossible($"{entry.Digest} was deleted, and what it refers to is gone: {string.Join(", ", refused.Details)}; push it again, or choose another manifest")
            : refused;
    }

    private async Task<RegistryError> DescribeLossAsync(RepositoryName repository, Digest digest)
    {
        if (await metadata.FindManifestAsync(repository, digest) is not null)
        {
            return Damaged(digest);
        }

        return await history.FindRemovalAsync(repository, digest) is { } removal
            ? Impossible($"{removal.Describe()}; push it again, or choose another manifest")
            : new RegistryError(RegistryErrorCode.ManifestUnknown, $"the repository {repository} does not have {digest}, and no removal of it is recorded");
    }

    private static RegistryError Damaged(Digest digest) => Impossible($"the bytes of {digest} are lost or damaged; push it again, or choose another manifest");

    private static RegistryError Impossible(string reason) => new(RegistryErrorCode.RollbackImpossible, reason);
}
