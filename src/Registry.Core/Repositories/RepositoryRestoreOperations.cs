using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.History;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Trash;

namespace Registry.Core.Repositories;

/// <summary>
/// Undoes the last deletion of a whole repository: restores each manifest that it has moved into the trash, with its tags, children before the indexes that need them. What was
/// deleted otherwise stays in the trash. Repeating it restores what is left.
/// </summary>
/// <param name="repositories">The repositories.</param>
/// <param name="trash">The trash.</param>
/// <param name="history">The history, which tells what was deleted with the whole repository.</param>
/// <param name="metadata">Metadata, which refuses changes while they are impossible.</param>
/// <param name="restores">Restores single manifests.</param>
public sealed class RepositoryRestoreOperations(
    RepositoryOperations repositories, ITrash trash, ITagHistory history, IMetadataStore metadata, RestoreOperations restores)
{
    /// <summary>Largest number of entries of the trash that a part looks at.</summary>
    public const int MaxEntries = 100;

    /// <summary>Restores a part: the manifests among some entries of the trash, and the children that they need. The caller repeats this.</summary>
    /// <param name="repository">The repository, to which the caller may push, and from which it may pull.</param>
    /// <param name="deletion"><see cref="RepositoryRestore.Deletion"/> of the part before; null to find the last deletion.</param>
    /// <param name="before"><see cref="RepositoryRestore.Next"/> of the part before; null for the first part.</param>
    /// <param name="limit">Number of entries, 1 or more; null for the largest number.</param>
    /// <param name="mayPull">Repositories that the caller may pull from: only their names are told.</param>
    /// <param name="origin">Origin of the restore.</param>
    /// <param name="cancellationToken">Ends the restore between two manifests.</param>
    /// <returns>What was restored, perhaps nothing; or NAME_UNKNOWN if neither the repository exists nor anything in its trash.</returns>
    /// <exception cref="OperationCanceledException">The restore was cancelled; what is restored stays restored.</exception>
    public async Task<Result<RepositoryRestore>> RestoreAsync(
        RepositoryName repository,
        Digest? deletion,
        long? before,
        int? limit,
        Func<RepositoryName, bool> mayPull,
        ChangeOrigin origin,
        CancellationToken cancellationToken)
    {
        if (metadata.Refusal is { } refusal)
        {
            return refusal;
        }

        ChangeOrigin? request = null;
        if (deletion is { } named && (request = await FindDeletionAsync(repository, named)) is null)
        {
            return new RegistryError(RegistryErrorCode.BadRequest, $"no deletion of the whole repository {repository} that has removed {named} is recorded");
        }

        var page = await trash.ListAsync(repository, before, Math.Clamp(limit ?? MaxEntries, 1, MaxEntries));
        // Another request may have renamed it between two parts, with its trash.
        if (page.Entries.Count == 0 && !await repositories.ExistsAsync(repository))
        {
            return await repositories.DescribeAbsenceAsync(repository, mayPull);
        }

        var part = new Part(restores, repository, origin) { Done = new RepositoryRestore { Deletion = deletion, Next = page.HasMore ? page.Entries[^1].Id : null } };
        try
        {
            foreach (var entry in page.Entries)
            {
                if (request is not null && IsSame(entry.Origin, request))
                {
                    await part.RestoreAsync(entry.Digest, cancellationToken);
                }
                else if (await FindDeletionAsync(repository, entry.Digest) is not { } found)
                {
                    continue;
                }
                else if (request is null)
                {
                    (request, part.Done) = (found, part.Done with { Deletion = entry.Digest });
                    await part.RestoreAsync(entry.Digest, cancellationToken);
                }
                else
                {
                    part.Done = part.Done with { Earlier = part.Done.Earlier + 1 };
                }
            }
        }
        catch (Exception e) when (part.Done.Manifests > 0 && e is StorageException or InsufficientMemoryException)
        {
            return part.Done with { Fault = e };
        }

        return part.Done;
    }

    // Origin of the deletion of the whole repository that has removed a manifest last; null if something else has.
    private async Task<ChangeOrigin?> FindDeletionAsync(RepositoryName repository, Digest digest) =>
        await history.FindRemovalAsync(repository, digest) is { Reason: RepositoryDeletion.Reason } removal ? removal.Origin : null;

    private static bool IsSame(ChangeOrigin one, ChangeOrigin other) => (one.Source, one.Actor, one.Request) == (other.Source, other.Actor, other.Request);

    private sealed class Part(RestoreOperations restores, RepositoryName repository, ChangeOrigin origin)
    {
        private readonly HashSet<Digest> _refused = [];

        public required RepositoryRestore Done { get; set; }

        public async Task RestoreAsync(Digest manifest, CancellationToken cancellationToken)
        {
            await foreach (var (digest, outcome) in restores.RestoreTreeAsync(repository, manifest, isMeant: null, origin, cancellationToken))
            {
                if (outcome.TryGet(out var restored, out var refused))
                {
                    Add(restored);
                }
                else if (refused.Code != RegistryErrorCode.ManifestUnknown && _refused.Add(digest))
                {
                    Done = Done with { Refused = [.. Done.Refused, new RepositoryRestore.RefusedManifest(digest, refused)] };
                }
            }
        }

        private void Add(Restored restored)
        {
            var kept = restored.Kept.Take(RepositoryRestore.MaxKept - Done.Kept.Count).Select(tag => new RepositoryRestore.KeptTag(tag.Tag, tag.Before, restored.Digest)).ToList();
            Done = Done with
            {
                Manifests = Done.Manifests + 1,
                Tags = Done.Tags + restored.Tags.Count,
                Kept = [.. Done.Kept, .. kept],
                MoreKept = Done.MoreKept + restored.Kept.Count - kept.Count,
            };
        }
    }
}
