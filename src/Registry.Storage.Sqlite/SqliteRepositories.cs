using System.Runtime.InteropServices;
using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Policies.Rules;
using Registry.Core.Repositories;
using Registry.Storage.Sqlite.Mirroring;
using Registry.Storage.Sqlite.Policies;
using Registry.Storage.Sqlite.Rows;
using Registry.Storage.Sqlite.Trash;
using Registry.Storage.Sqlite.Writer;

namespace Registry.Storage.Sqlite;

/// <summary>Repositories as a whole, in SQLite.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
/// <param name="rules">Rules about changes.</param>
public sealed class SqliteRepositories(SqliteDatabase database, TimeProvider time, IChangeRules rules) : IRepositories
{
    private const int ManifestsPerTurn = 100;
    private const int LinksPerTurn = 500;
    private const int TagsPerPage = 1000;

    public Task<RepositorySummary?> FindAsync(RepositoryName repository) => database.ReadAsync(session => RepositoryRows.Read(session, repository));

    public Task<bool> ExistsAsync(RepositoryName repository) => database.ReadAsync(session => RepositoryRows.FindExisting(session, repository) is not null);

    public Task<RepositoryRename?> FindRenameAsync(RepositoryName name) =>
        database.ReadAsync(session => RepositoryRename.Of(ChangeRows.FindRename(session, name)));

    public async Task<RegistryError?> RenameAsync(RepositoryName repository, RepositoryName newName, ChangeOrigin origin)
    {
        var renamed = await database.WriteAsync<bool>(
            session =>
            {
                if (RepositoryRows.FindExisting(session, repository) is not { } id)
                {
                    return RegistryErrorCode.NameUnknown;
                }

                if (MirrorRows.FindUpstream(session, repository) is { } upstream)
                {
                    return MirrorRefusal.Of(repository, upstream);
                }

                if (RepositoryRows.FindTaken(session, newName) is var (manifests, hasBlobs, trashed))
                {
                    return RenameRefusal.Taken(newName, manifests > 0, hasBlobs, trashed);
                }

                var change = Begin(origin);
                if (MoveTags(session, change, id, repository, newName) is { } refused)
                {
                    return refused;
                }

                RepositoryRows.Rename(session, id, newName);
                ChangeRows.AppendRename(session, change, id, repository, newName);
                return true;
            },
            new WriteTurn(repository, rules == NoRules.Instance ? 2 : TagRows.RowsOfMany));
        return renamed.Error;
    }

    public async Task<RegistryError?> CheckDeletionAsync(RepositoryName repository, ChangeOrigin origin)
    {
        if (rules == NoRules.Instance)
        {
            return null;
        }

        for (long? before = long.MaxValue; before is not null;)
        {
            var (refused, next) = await database.ReadAsync(session =>
            {
                var page = RepositoryRows.FindExisting(session, repository) is { } id ? RepositoryRows.ListBefore(session, id, before.Value, ManifestsPerTurn) : [];
                var found = page.Select(manifest => ManifestRows.FindRefusal(session, Begin(origin), repository, manifest.Digest)).FirstOrDefault(error => error is not null);
                return (found, page.Count == 0 ? null : (long?)page[^1].Content);
            });
            if (refused is not null)
            {
                return refused;
            }

            before = next;
        }

        return null;
    }

    public async Task<Result<DeletionTurn>> DeleteSomeAsync(RepositoryName repository, long? before, ChangeOrigin origin, bool toTrash)
    {
        var page = await database.ReadAsync(session =>
        {
            var id = RepositoryRows.FindExisting(session, repository) ?? 0;
            var listed = RepositoryRows.ListBefore(session, id, before ?? long.MaxValue, ManifestsPerTurn);
            return (Manifests: listed, IsFirstHeld: listed.Count > 0 && RepositoryRows.IsHeldByEarlier(session, id, listed[0].Content));
        });
        if (page.Manifests.Count == 0)
        {
            return DeletionTurn.None;
        }

        if (page.Manifests[0].Rows > TagRows.RowsOfMany)
        {
            return new DeletionTurn { Next = page.Manifests[0].Content, Heavy = page.IsFirstHeld ? null : page.Manifests[0].Digest };
        }

        var rows = 0L;
        var some = page.Manifests.TakeWhile(manifest => (rows += manifest.Rows) <= TagRows.RowsOfMany).ToList();
        return await database.WriteAsync(
            session => DeleteSome(session, repository, some, origin, toTrash), new WriteTurn(repository, Math.Min(rows, TagRows.RowsOfMany) + some.Count));
    }

    public async Task<UnlinkingTurn> UnlinkSomeAsync(RepositoryName repository, long? after, ChangeOrigin origin)
    {
        var links = await database.ReadAsync(session =>
            ContentRows.FindRepository(session, repository) is { } id ? RepositoryRows.ListLinksAfter(session, id, after ?? 0, LinksPerTurn) : []);
        var isLast = links.Count < LinksPerTurn;
        long[] idle = [.. links.Where(link => link.IsIdle).Select(link => link.Content)];
        if (!isLast && idle.Length == 0)
        {
            return new UnlinkingTurn(links[^1].Content, 0, IsGone: false);
        }

        var turn = await database.WriteAsync<UnlinkingTurn>(
            session =>
            {
                // Another request has renamed it.
                if (ContentRows.FindRepository(session, repository) is not { } id)
                {
                    return new UnlinkingTurn(null, 0, IsGone: true);
                }

                var gone = idle.Length == 0 ? [] : TrashRows.UnlinkIdle(session, Begin(origin) with { Reason = RepositoryDeletion.Reason }, id, repository, JsonList.Of(idle));
                return new UnlinkingTurn(isLast ? null : links[^1].Content, gone.Count, isLast && RepositoryRows.SetDeleted(session, id));
            },
            new WriteTurn(repository, 1 + (4L * idle.Length)));
        return turn.Value;
    }

    private ChangeContext Begin(ChangeOrigin origin) => new() { Origin = origin, Now = database.Clock.Now, Time = time.GetUtcNow(), Rules = rules };

    private Result<DeletionTurn> DeleteSome(
        SqliteSession session, RepositoryName repository, List<(long Content, Digest Digest, long Rows)> some, ChangeOrigin origin, bool toTrash)
    {
        var turn = new DeletionTurn { Next = some[^1].Content };
        if (ContentRows.FindRepository(session, repository) is not { } id)
        {
            return turn;
        }

        var change = Begin(origin) with { Reason = RepositoryDeletion.Reason };
        foreach (var manifest in some.Where(manifest => !RepositoryRows.IsHeldByEarlier(session, id, manifest.Content)))
        {
            if (ManifestRows.Delete(session, change, repository, manifest.Digest, Precondition.None, toTrash).TryGet(out var deleted, out var error))
            {
                turn = turn with
                {
                    Manifests = turn.Manifests + 1,
                    Tags = turn.Tags + deleted.Tags.Count,
                    Bytes = turn.Bytes + (deleted.Size ?? 0),
                    Trashed = turn.Trashed + (toTrash ? 1 : 0),
                };
            }
            else if (error.Code != RegistryErrorCode.ManifestUnknown)
            {
                return error;
            }
        }

        return turn;
    }

    // Asks the rules about the new names of a repository and its tags, and keeps the digests of those tags under the old name.
    private RegistryError? MoveTags(SqliteSession session, ChangeContext change, long id, RepositoryName repository, RepositoryName newName)
    {
        var origin = change.Origin;
        if (rules == NoRules.Instance)
        {
            return null;
        }

        if (rules.CheckRename(new RenameChange(repository, newName, origin)) is { } refused)
        {
            return refused;
        }

        PolicyRule[] quotas = [.. rules.FindQuotas(newName, origin).Except(rules.FindQuotas(repository, origin))];
        if (QuotaRows.FindRefusal(session, rules, quotas, newName, QuotaRows.Read(session, id), isAdded: false) is { } exceeded)
        {
            return exceeded;
        }

        var page = RepositoryRows.ListTagsAfter(session, id, string.Empty, TagsPerPage);
        for (; page.Count > 0; page = RepositoryRows.ListTagsAfter(session, id, page[^1].Tag.Value, TagsPerPage))
        {
            foreach (var (tag, digest) in CollectionsMarshal.AsSpan(page))
            {
                var kept = KeptTagRows.Find(session, rules, origin, newName, tag);
                if (rules.CheckTag(new TagChange(newName, tag, Before: null, digest, origin) { Kept = kept }) is { } forbidden)
                {
                    return forbidden;
                }

                KeptTagRows.Keep(session, change, repository, [tag], digest);
            }
        }

        KeptTagRows.Copy(session, id, repository, newName);
        return null;
    }
}
