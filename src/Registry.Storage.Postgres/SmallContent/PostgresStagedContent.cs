using Registry.Core.Oci;
using Registry.Core.SmallContent;

namespace Registry.Storage.Postgres.SmallContent;

/// <summary>
/// Small content in the column <c>bytes</c> of the table <c>content</c>, where it stays. Nothing waits for a file: nothing is listed, nothing is told, and the limit of
/// what waits is never reached.
/// </summary>
/// <remarks>
/// The row is that of the content, so a later push of the same content has the same id. Its bytes go in transactions of the metadata: when the content is
/// forgotten, lost, or pushed to another place. A request to remove them changes nothing: there is no fence of a digest between nodes, so the same content may have
/// been pushed in between.
/// </remarks>
public sealed class PostgresStagedContent(PostgresDatabase database) : IStagedContent
{
    public event Action? Staged
    {
        add { }
        remove { }
    }

    public long Weight => 0;

    public bool IsEmpty => false;

    public Task<StagedContent?> FindAsync(Digest digest) => database.ReadAsync(session => session.FirstAsync(
        "SELECT id, bytes FROM content WHERE digest = $1 AND bytes IS NOT NULL",
        row => new StagedContent(row.GetInt64(0), digest, row.GetFieldValue<byte[]>(1)),
        digest.Value));

    public Task<long?> FindSizeAsync(Digest digest) => database.ReadAsync(session => session.NumberAsync(
        "SELECT octet_length(bytes)::bigint FROM content WHERE digest = $1 AND bytes IS NOT NULL", digest.Value));

    public Task<IReadOnlyList<StagedContent>> ListAsync(long afterId, int limit) => Task.FromResult<IReadOnlyList<StagedContent>>([]);

    public async Task<IReadOnlySet<long>> FindPresentAsync(IReadOnlyCollection<long> ids) => (await database.ReadAsync(session => session.AllAsync(
        "SELECT id FROM content WHERE id = ANY($1) AND bytes IS NOT NULL", row => row.GetInt64(0), [ids.ToArray()]))).ToHashSet();

    public Task RemoveAsync(IReadOnlyCollection<long> ids) => Task.CompletedTask;
}
