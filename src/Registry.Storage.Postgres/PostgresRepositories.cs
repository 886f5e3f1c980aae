using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Mirroring;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Policies.Rules;
using Registry.Core.Repositories;
using Registry.Storage.Postgres.Mirroring;
using Registry.Storage.Postgres.Nodes;
using Registry.Storage.Postgres.Policies;
using Registry.Storage.Postgres.Repositories;
using Registry.Storage.Postgres.Rows;
using Registry.Storage.Postgres.Schema;
using Registry.Storage.Postgres.Trash;

namespace Registry.Storage.Postgres;

/// <summary>Repositories as a whole, in PostgreSQL.</summary>
/// <param name="database">The database.</param>
/// <param name="time">The wall clock.</param>
/// <param name="rules">Rules about changes.</param>
public sealed class PostgresRepositories(PostgresDatabase database, TimeProvider time, IChangeRules rules) : IRepositories
{
    private const int ManifestsPerTurn = 50;
    private const int LinksPerTurn = 500;
    private const int TagsPerPage = 1000;

    public Task<RepositorySummary?> FindAsync(RepositoryName repository) => database.ReadAsync(session => RepositoryRows.ReadAsync(session, repository));

    public Task<bool> ExistsAsync(RepositoryName repository) => database.ReadAsync(async session =>
    {
        var id = RepositoryRows.AskExisting(session, repository);
        await session.SendAsync();
        return id.Count > 0;
    });

    public async Task<RepositoryRename?> FindRenameAsync(RepositoryName name) =>
        RepositoryRename.Of(await database.ReadAsync(session => RepositoryRows.FindRenameAsync(session, name)));

    public async Task<RegistryError?> RenameAsync(RepositoryName repository, RepositoryName newName, ChangeOrigin origin)
    {
        var renamed = await database.WriteAloneAsync<bool>(repository, newName, async session =>
        {
            var id = RepositoryRows.AskExisting(session, repository);
            var held = RepositoryRows.AskHeld(session, newName);
            var older = ProcessRows.AskOlder(session, SchemaStep.OfRenames);
            var upstream = await MirrorRows.FindUpstreamAsync(session, repository);
            if (id.Count == 0)
            {
                return RegistryErrorCode.NameUnknown;
            }

            if (upstream is not null)
            {
                return MirrorRefusal.Of(repository, upstream);
            }

            if (older[0] > 0)
            {
                return RenameRefusal.BesideOlder(older[0]);
            }

            if (held is [var (_, hasManifests, hasBlobs, trashed)] && (hasManifests || hasBlobs || trashed > 0))
            {
                return RenameRefusal.Taken(newName, hasManifests, hasBlobs, trashed);
            }

            var change = Begin(origin);
            if (await MoveTagsAsync(session, change, id[0], repository, newName) is { } refused)
            {
                return refused;
            }

            RepositoryRows.Rename(session, change, id[0], held.Count > 0 ? held[0].Id : null, repository, newName);
            return true;
        });
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
            var (refused, next) = await database.ReadAsync(async session =>
            {
                var page = await RepositoryRows.ListBeforeAsync(session, repository, before.Value, ManifestsPerTurn);
                var tags = RepositoryRows.AskTagsOf(session, repository, [.. page.Select(manifest => manifest.Content)]);
                await session.SendAsync();
                return (FindRefusal(repository, page, tags, origin), page.Count == 0 ? null : (long?)page[^1].Content);
            });
            if (refused is not null)
            {
                return refused;
            }

            before = next;
        }

        return null;
    }

    public Task<Result<DeletionTurn>> DeleteSomeAsync(RepositoryName repository, long? before, ChangeOrigin origin, bool toTrash) =>
        database.WriteAloneAsync<DeletionTurn>(repository, async session =>
        {
            var older = toTrash ? ProcessRows.AskOlder(session, SchemaStep.OfTrash) : [];
            var page = await RepositoryRows.ListBeforeAsync(session, repository, before ?? long.MaxValue, ManifestsPerTurn);
            if (page.Count == 0)
            {
                session.Abandon();
                return DeletionTurn.None;
            }

            long[] content = [.. page.Select(manifest => manifest.Content)];
            var tags = RepositoryRows.AskTagsOf(session, repository, content);
            var held = FindHeld(page, await RepositoryRows.FindEarlierHoldersAsync(session, repository, content));
            var some = page.Where(manifest => !held.Contains(manifest.Content)).ToList();
            if (FindRefusal(repository, some, tags, origin) is { } refused)
            {
                return refused;
            }

            var isTrashed = toTrash && older[0] == 0;
            await ManifestRows.DeleteEachAsync(
                session,
                Begin(origin) with { Reason = RepositoryDeletion.Reason },
                repository,
                [.. some.Select(manifest => manifest.Digest)],
                tags.ToLookup(tag => tag.Content, tag => tag.Tag),
                isTrashed);
            return new DeletionTurn
            {
                Next = page[^1].Content,
                Manifests = some.Count,
                Tags = tags.Count(tag => !held.Contains(tag.Content)),
                Bytes = some.Sum(manifest => manifest.Size),
                Trashed = isTrashed ? some.Count : 0,
            };
        });

    public async Task<UnlinkingTurn> UnlinkSomeAsync(RepositoryName repository, long? after, ChangeOrigin origin)
    {
        var links = await database.ReadAsync(session => RepositoryRows.ListLinksAfterAsync(session, repository, after ?? 0, LinksPerTurn));
        var isLast = links.Count < LinksPerTurn;
        long[] idle = [.. links.Where(link => link.IsIdle).Select(link => link.Content)];
        if (!isLast && idle.Length == 0)
        {
            return new UnlinkingTurn(links[^1].Content, 0, IsGone: false);
        }

        var turn = await database.WriteAloneAsync<UnlinkingTurn>(repository, async session =>
        {
            session.Lock("SELECT id FROM content WHERE id = ANY($1) ORDER BY id FOR UPDATE", [idle]);
            var id = ContentRows.AskRepository(session, repository);
            await session.SendAsync();

            // Another request has renamed it.
            if (id.Count == 0)
            {
                return new UnlinkingTurn(null, 0, IsGone: true);
            }

            var (gone, _) = idle.Length == 0 ? ([], []) : await PurgeRows.FollowAsync(session, Begin(origin) with { Reason = RepositoryDeletion.Reason }, repository, id[0], idle);
            var deleted = isLast ? RepositoryRows.SetDeleted(session, repository) : [];
            await session.SendAsync();
            return new UnlinkingTurn(isLast ? null : links[^1].Content, gone.Count, deleted.Count > 0);
        });
        return turn.Value;
    }

    private ChangeContext Begin(ChangeOrigin origin) => new() { Origin = origin, Time = time.GetUtcNow(), Rules = rules };

    // Those that a manifest holds which stays: one of an earlier turn, or one of this turn that stays itself.
    private static HashSet<long> FindHeld(List<(long Content, Digest Digest, long Size)> page, List<(long Child, long Parent)> holders)
    {
        var inTurn = page.Select(manifest => manifest.Content).ToHashSet();
        var parents = holders.ToLookup(pair => pair.Child, pair => pair.Parent);
        var held = new HashSet<long>();
        foreach (var (content, _, _) in page)
        {
            if (parents[content].Any(parent => held.Contains(parent) || !inTurn.Contains(parent)))
            {
                held.Add(content);
            }
        }

        return held;
    }

    private RegistryError? FindRefusal(
        RepositoryName repository, List<(long Content, Digest Digest, long Size)> manifests, List<(long Content, Tag Tag)> tags, ChangeOrigin origin)
    {
        if (rules == NoRules.Instance)
        {
            return null;
        }

        var tagged = tags.ToLookup(tag => tag.Content, tag => tag.Tag);
        return manifests
            .Select(manifest => TagRows.FindRefusal(Begin(origin), repository, tagged[manifest.Content], manifest.Digest)
                ?? rules.CheckManifest(new ManifestChange(repository, manifest.Digest, manifest.Size, Content: null, origin)))
            .FirstOrDefault(refused => refused is not null);
    }

    // Asks the rules about the new names of a repository and its tags, and keeps the digests of those tags under the old name.
    private async Task<RegistryError?> MoveTagsAsync(PostgresSession session, ChangeContext change, long id, RepositoryName repository, RepositoryName newName)
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
        QuotaRows.Lock(session, quotas, isAlone: true);
        var bytes = QuotaRows.Ask(session, repository);
        await session.SendAsync();
        if ((await QuotaRows.FindRefusalAsync(session, rules, quotas, newName, bytes.Sum(), isAdded: false)).Refused is { } exceeded)
        {
            return exceeded;
        }

        var page = await RepositoryRows.ListTagsAfterAsync(session, repository, string.Empty, TagsPerPage);
        while (page.Count > 0)
        {
            var asked = KeptTagRows.Ask(session, rules, origin, newName, page.Select(tag => tag.Tag));
            await session.SendAsync();
            var kept = asked.ToDictionary(tag => tag.Tag, tag => (Digest?)tag.Digest, StringComparer.Ordinal);
            foreach (var (tag, digest) in page)
            {
                if (rules.CheckTag(new TagChange(newName, tag, Before: null, digest, origin) { Kept = kept.GetValueOrDefault(tag.Value) }) is { } forbidden)
                {
                    return forbidden;
                }
            }

            KeptTagRows.Keep(session, change, repository, page);
            page = await RepositoryRows.ListTagsAfterAsync(session, repository, page[^1].Tag.Value, TagsPerPage);
        }

        KeptTagRows.Copy(session, id, repository, newName);
        return null;
    }
}
