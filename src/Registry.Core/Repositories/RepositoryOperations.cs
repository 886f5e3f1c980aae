using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Repositories;

/// <summary>Shows, renames and deletes repositories as a whole.</summary>
/// <param name="repositories">The repositories.</param>
/// <param name="metadata">Metadata, which refuses changes while they are impossible.</param>
/// <param name="trashPeriod">Running time for which deleted manifests can be restored; zero for none.</param>
public sealed class RepositoryOperations(IRepositories repositories, IMetadataStore metadata, TimeSpan trashPeriod)
{
    /// <summary>Running time for which deleted manifests can be restored; zero if a deletion is final.</summary>
    public TimeSpan TrashPeriod => trashPeriod;

    /// <inheritdoc cref="IRepositories.ExistsAsync"/>
    public Task<bool> ExistsAsync(RepositoryName repository) => repositories.ExistsAsync(repository);

    /// <summary>Reads what a repository holds; NAME_UNKNOWN if it does not exist.</summary>
    /// <param name="repository">The repository, from which the caller may pull.</param>
    /// <param name="mayPull">Repositories that the caller may pull from: only their names are told.</param>
    public async Task<Result<RepositorySummary>> FindAsync(RepositoryName repository, Func<RepositoryName, bool> mayPull)
    {
        if (metadata.Refusal is { } refusal)
        {
            return refusal;
        }

        return await repositories.FindAsync(repository) is { } summary ? summary : await DescribeAbsenceAsync(repository, mayPull);
    }

    /// <summary>Says where a repository has gone that does not exist, for people; null if it exists, or no rename of it is recorded.</summary>
    /// <param name="repository">The repository, from which the caller may pull.</param>
    /// <param name="mayPull">Repositories that the caller may pull from: only their names are told.</param>
    public async Task<string?> DescribeRenameAsync(RepositoryName repository, Func<RepositoryName, bool> mayPull)
    {
        ArgumentNullException.ThrowIfNull(mayPull);
        return await repositories.FindRenameAsync(repository) is { } rename && !await repositories.ExistsAsync(repository)
            ? rename.Describe(mayPull(rename.NewName))
            : null;
    }

    /// <summary>Gives a repository another name.</summary>
    /// <param name="repository">The repository, which the caller may delete, and push to.</param>
    /// <param name="newName">The new name, under which the caller may push.</param>
    /// <param name="mayPull">Repositories that the caller may pull from: only their names are told.</param>
    /// <param name="origin">Origin of the rename.</param>
    /// <returns>Null if it is renamed; else the error, and nothing has changed: as of <see cref="IRepositories.RenameAsync"/>.</returns>
    public async Task<RegistryError?> RenameAsync(RepositoryName repository, RepositoryName newName, Func<RepositoryName, bool> mayPull, ChangeOrigin origin)
    {
        if (metadata.Refusal is { } refusal)
        {
            return refusal;
        }

        if (repository == newName)
        {
            return new RegistryError(RegistryErrorCode.BadRequest, $"the repository has the name {newName} already");
        }

        var refused = await repositories.RenameAsync(repository, newName, origin);
        return refused?.Code == RegistryErrorCode.NameUnknown ? await DescribeAbsenceAsync(repository, mayPull) : refused;
    }

    /// <summary>
    /// Deletes all manifests of a repository with their tags, in turns with other changes, and the blobs that nothing needs any more. The manifests go into the trash, if there
    /// is one. A deletion that was interrupted is continued by the next one. What is pushed meanwhile is deleted, too, or stays.
    /// </summary>
    /// <param name="repository">The repository, which the caller may delete.</param>
    /// <param name="mayPull">Repositories that the caller may pull from: only their names are told.</param>
    /// <param name="origin">Origin of the deletion.</param>
    /// <param name="cancellationToken">Ends the deletion between two turns.</param>
    /// <returns>What was deleted, perhaps in part and with an error; or NAME_UNKNOWN, or the refusal of a rule, and nothing has changed.</returns>
    /// <exception cref="OperationCanceledException">The deletion was cancelled; what is deleted stays deleted.</exception>
    public async Task<Result<RepositoryDeletion>> DeleteAsync(
        RepositoryName repository, Func<RepositoryName, bool> mayPull, ChangeOrigin origin, CancellationToken cancellationToken)
    {
        if (metadata.Refusal is { } refusal)
        {
            return refusal;
        }

        if (!await repositories.ExistsAsync(repository))
        {
            return await DescribeAbsenceAsync(repository, mayPull);
        }

        if (await repositories.CheckDeletionAsync(repository, origin) is { } refused)
        {
            return refused;
        }

        var renamed = await repositories.FindRenameAsync(repository);
        var deletion = new Deletion(repositories, metadata, repository, origin, trashPeriod > TimeSpan.Zero);
        try
        {
            await deletion.RunAsync(cancellationToken);
            if (await repositories.FindRenameAsync(repository) is { } rename && rename != renamed)
            {
                return deletion.Done with { IsGone = false, Stopped = await DescribeAbsenceAsync(repository, mayPull) };
            }
        }
        catch (Exception e) when (deletion.HasBegun && e is StorageException or InsufficientMemoryException)
        {
            return deletion.Done with { Fault = e };
        }

        return deletion.Done;
    }

    /// <summary>NAME_UNKNOWN for a repository that does not exist, with the rename that took its name away, if one is recorded.</summary>
    internal async Task<RegistryError> DescribeAbsenceAsync(RepositoryName repository, Func<RepositoryName, bool> mayPull) =>
        new(RegistryErrorCode.NameUnknown, await DescribeRenameAsync(repository, mayPull) ?? $"there is no repository {repository}");

    private sealed class Deletion(IRepositories repositories, IMetadataStore metadata, RepositoryName repository, ChangeOrigin origin, bool toTrash)
    {
        public RepositoryDeletion Done { get; private set; } = new();

        public bool HasBegun => Done.Manifests + Done.Tags + Done.Blobs > 0;

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            if (await DeleteManifestsAsync(cancellationToken) is { } stopped)
            {
                Done = Done with { Stopped = stopped };
                return;
            }

            UnlinkingTurn? turn = null;
            do
            {
                cancellationToken.ThrowIfCancellationRequested();
                turn = await repositories.UnlinkSomeAsync(repository, turn?.Next, origin);
                Done = Done with { Blobs = Done.Blobs + turn.Blobs, IsGone = turn.IsGone };
            }
            while (turn.Next is not null);
        }

        private async Task<RegistryError?> DeleteManifestsAsync(CancellationToken cancellationToken)
        {
            long? next = null;
            do
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!(await repositories.DeleteSomeAsync(repository, next, origin, toTrash)).TryGet(out var turn, out var refused))
                {
                    return refused;
                }

                Add(turn.Manifests, turn.Tags, turn.Bytes, turn.Trashed);
                if (turn.Heavy is { } heavy && await DeleteHeavyAsync(heavy) is { } stopped)
                {
                    return stopped;
                }

                next = turn.Next;
            }
            while (next is not null);
            return null;
        }

        // It takes turns by itself.
        private async Task<RegistryError?> DeleteHeavyAsync(Digest digest)
        {
            var deleted = await metadata.DeleteManifestAsync(repository, digest, Precondition.None, origin, toTrash, RepositoryDeletion.Reason);
            if (!deleted.TryGet(out var manifest, out var refused))
            {
                // Another request has deleted it.
                return refused.Code == RegistryErrorCode.ManifestUnknown ? null : refused;
            }

            var isDeleted = manifest.Stopped is null && manifest.Fault is null;
            Add(isDeleted ? 1 : 0, manifest.Tags.Count, manifest.Size ?? 0, isDeleted && toTrash ? 1 : 0);
            return manifest.Fault is { } fault ? throw fault : manifest.Stopped;
        }

        private void Add(long manifests, long tags, long bytes, long trashed) => Done = Done with
        {
            Manifests = Done.Manifests + manifests,
            Tags = Done.Tags + tags,
            Bytes = Done.Bytes + bytes,
            Trashed = Done.Trashed + trashed,
        };
    }
}
