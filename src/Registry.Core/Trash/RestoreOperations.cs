using System.Runtime.CompilerServices;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Trash;

/// <summary>Takes manifests out of the trash, with those of their tags that do not exist: pushes of what is there already.</summary>
/// <param name="trash">Manifests in the trash.</param>
/// <param name="metadata">Metadata with the manifests that are not in the trash.</param>
/// <param name="manifests">Stores manifests.</param>
public sealed class RestoreOperations(TrashReader trash, IMetadataStore metadata, ManifestOperations manifests)
{
    /// <summary>Restores a manifest with its tags. Tags that exist stay as they are.</summary>
    /// <param name="repository">The repository, to which the caller may push.</param>
    /// <param name="digest">The deleted manifest.</param>
    /// <param name="isMeant">Returns false for the <see cref="TrashEntry.Id"/> of an entry that the caller does not mean; null for any.</param>
    /// <param name="origin">Origin of the restore.</param>
    /// <param name="cancellationToken">As for <see cref="ManifestOperations.PutAsync"/>.</param>
    /// <returns>
    /// The tags; or MANIFEST_UNKNOWN if the manifest is not in the trash, PRECONDITION_FAILED if another deletion has put it there, the refusal of a rule, or <see cref="RegistryErrorCode.RestoreImpossible"/> with each blob and
    /// manifest that is missing. Then nothing has changed.
    /// </returns>
    public async Task<Result<Restored>> RestoreAsync(
        RepositoryName repository, Digest digest, Func<long, bool>? isMeant, ChangeOrigin origin, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await trash.FindAsync(repository, digest) is not { } entry)
            {
                return await TrashAbsence.DescribeAsync(metadata, repository, digest);
            }

            // The put names the entry, so that no other one is restored.
            if (isMeant is not null && !isMeant(entry.Id))
            {
                return RegistryErrorCode.PreconditionFailed;
            }

            if (await trash.ReadAsync(entry, cancellationToken) is not { } trashed)
            {
                // It may have gone between the two.
                if ((await trash.FindAsync(repository, digest))?.Id != entry.Id)
                {
                    continue;
                }

                return new RegistryError(RegistryErrorCode.RestoreImpossible, $"the bytes of {digest} are lost or damaged; push it again");
            }

            var put = trashed.Put(origin) with { Tags = entry.Tags, OnlyNewTags = true };
            if ((await manifests.StoreAsync(put, trashed.Content, cancellationToken)).TryGet(out var kept, out var refused))
            {
                return new Restored(digest, [.. entry.Tags.Except(kept.Select(tag => tag.Tag))], kept);
            }

            if (refused.Code == RegistryErrorCode.ManifestBlobUnknown)
            {
                return await DescribeMissingAsync(repository, trashed.Manifest, refused.Details);
            }

            // Another request has taken it out, or deleted it again with other tags.
            if (refused.Code != RegistryErrorCode.ManifestUnknown)
            {
                return refused;
            }
        }
    }

    /// <summary>Restores a manifest, and before it the manifests that it needs and that are in the trash, too.</summary>
    /// <param name="repository">The repository, to which the caller may push.</param>
    /// <param name="digest">The deleted manifest.</param>
    /// <param name="isMeant">Returns false for the <see cref="TrashEntry.Id"/> of an entry of that manifest that the caller does not mean; null for any.</param>
    /// <param name="origin">Origin of the restores.</param>
    /// <param name="cancellationToken">Ends the work between two manifests.</param>
    /// <returns>Each manifest with what <see cref="RestoreAsync"/> returns, as soon as it is known.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled; what is restored stays restored.</exception>
    public async IAsyncEnumerable<(Digest Digest, Result<Restored> Outcome)> RestoreTreeAsync(
        RepositoryName repository, Digest digest, Func<long, bool>? isMeant, ChangeOrigin origin, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Indexes of indexes may be nested deeply.
        var open = new Stack<Digest>([digest]);
        var opened = new HashSet<Digest>();
        while (open.TryPeek(out var next))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var outcome = await RestoreAsync(repository, next, next == digest ? isMeant : null, origin, cancellationToken);
            if (outcome.Error?.Code == RegistryErrorCode.RestoreImpossible && opened.Add(next))
            {
                // It is tried again after its children; without any, it is refused again.
                foreach (var child in await ListTrashedChildrenAsync(repository, next, cancellationToken))
                {
                    open.Push(child);
                }

                continue;
            }

            open.Pop();
            yield return (next, outcome);
        }
    }

    // Manifests that a deleted index refers to and that are in the trash of the repository, too. Restored first, they are not missing.
    private async Task<IReadOnlyList<Digest>> ListTrashedChildrenAsync(RepositoryName repository, Digest digest, CancellationToken cancellationToken)
    {
        if (await trash.FindAsync(repository, digest) is not { } entry || await trash.ReadAsync(entry, cancellationToken) is not { } trashed)
        {
            return [];
        }

        var children = new List<Digest>();
        foreach (var child in trashed.Manifest.Manifests)
        {
            if (await trash.FindAsync(repository, child.Digest) is not null)
            {
                children.Add(child.Digest);
            }
        }

        return children;
    }

    private async Task<RegistryError> DescribeMissingAsync(RepositoryName repository, Manifest manifest, IReadOnlyList<string> missing)
    {
        var children = manifest.Manifests.Select(child => child.Digest).ToHashSet();
        var details = new List<string>();
        foreach (var digest in missing.Select(Digest.Parse))
        {
            details.Add(!children.Contains(digest) ? $"the blob {digest} is gone; push it again"
                : await trash.FindAsync(repository, digest) is not null ? $"the manifest {digest} is in the trash, too; restore it first"
                : $"the manifest {digest} is gone; push it again");
        }

        return new RegistryError(RegistryErrorCode.RestoreImpossible, details);
    }
}
