using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Storage.Sqlite.Rows;

namespace Registry.Storage.Sqlite.Writer;

/// <summary>Deletions of manifests and tags, in turns with other changes when they have very many tags, or a long history.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
/// <param name="rules">Rules about changes.</param>
internal sealed class ManifestDeletions(SqliteDatabase database, TimeProvider time, IChangeRules rules)
{
    /// <summary>Deletes a manifest with its tags, or a tag, as <see cref="IMetadataStore.DeleteManifestAsync"/> does, unless a question refuses it, which each transaction asks.</summary>
    public async Task<Result<ManifestDeletion>> DeleteAsync(
        RepositoryName repository,
        Reference reference,
        Precondition precondition,
        Func<SqliteSession, RegistryError?> refuse,
        ChangeOrigin origin,
        bool toTrash,
        string? reason)
    {
        if (reference.Tag is { } tag)
        {
            return await DeleteTagAsync(repository, tag, precondition, refuse, origin, reason);
        }

        var digest = reference.Digest!.Value;
        var tags = new List<Tag>();
        Result<ManifestDeletion> deleted;
        try
        {
            deleted = await DeleteManifestAsync(repository, digest, precondition, refuse, origin, toTrash, reason, tags);
        }
        catch (Exception e) when (tags.Count > 0 && e is StorageException or InsufficientMemoryException)
        {
            return new ManifestDeletion(digest, Size: null, tags) { Fault = e };
        }

        if (tags.Count == 0)
        {
            return deleted;
        }

        return deleted.TryGet(out var manifest, out var stopped)
            ? manifest with { Tags = [.. tags, .. manifest.Tags] }
            : new ManifestDeletion(digest, Size: null, tags) { Stopped = stopped };
    }

    // Tags that are gone before an exception are in the list.
    private async Task<Result<ManifestDeletion>> DeleteManifestAsync(
        RepositoryName repository,
        Digest digest,
        Precondition precondition,
        Func<SqliteSession, RegistryError?> refuse,
        ChangeOrigin origin,
        bool toTrash,
        string? reason,
        List<Tag> tags)
    {
        var rows = await CountAsync();
        if (rows > TagRows.RowsOfMany && precondition.Holds(digest))
        {
            if (await DeleteTagsAsync(repository, digest, refuse, origin, toTrash, reason, tags) is { } refused)
            {
                return refused;
            }

            rows = await CountAsync();
        }

        return await database.WriteAsync(
            session => refuse(session) is { } refused ? refused : ManifestRows.Delete(session, Begin(origin, reason), repository, digest, precondition, toTrash),
            new WriteTurn(repository, rows));

        Task<long> CountAsync() => database.ReadAsync(session => ManifestWeight.CountHeld(session, repository, digest));
    }

    // A manifest with very many tags, or a long history of tags, loses most of them first, in turns with other changes. A process that ends meanwhile leaves
    // it with the others.
    private async Task<RegistryError?> DeleteTagsAsync(
        RepositoryName repository, Digest digest, Func<SqliteSession, RegistryError?> refuse, ChangeOrigin origin, bool toTrash, string? reason, List<Tag> tags)
    {
        // A refusal leaves all of them. Without rules, they need not be read.
        if (rules != NoRules.Instance
            && await database.ReadAsync(session => ManifestRows.FindRefusal(session, Begin(origin), repository, digest)) is { } refused)
        {
            return refused;
        }

        while (true)
        {
            var turn = await database.WriteAsync(
                session => refuse(session) is { } unmet ? unmet : TagRows.DeleteSome(session, Begin(origin, reason), repository, digest, toTrash),
                new WriteTurn(repository, TagRows.RowsOfMany));
            if (!turn.TryGet(out var deleted, out var changed))
            {
                return changed;
            }

            tags.AddRange(deleted.Tags);
            if (!deleted.HasMore)
            {
                return null;
            }
        }
    }

    // A tag with a long history loses most of it first, in the same way.
    private async Task<Result<ManifestDeletion>> DeleteTagAsync(
        RepositoryName repository, Tag tag, Precondition precondition, Func<SqliteSession, RegistryError?> refuse, ChangeOrigin origin, string? reason)
    {
        var rows = await database.ReadAsync(session => TagRows.CountHistory(session, repository, tag));
        var hasMore = rows > TagRows.Many;
        while (hasMore)
        {
            var turn = await database.WriteAsync<bool>(
                session => refuse(session) is null && TagRows.ShortenHistory(session, Begin(origin, reason), repository, tag, precondition), new WriteTurn(repository, TagRows.RowsOfMany));
            hasMore = turn.Value;
            rows = 0;
        }

        return await database.WriteAsync(
            session => refuse(session) is { } refused ? refused : TagRows.Delete(session, Begin(origin, reason), repository, tag, precondition), new WriteTurn(repository, 1 + rows));
    }

    private ChangeContext Begin(ChangeOrigin origin, string? reason = null) => new() { Origin = origin, Reason = reason, Now = database.Clock.Now, Time = time.GetUtcNow(), Rules = rules };
}
