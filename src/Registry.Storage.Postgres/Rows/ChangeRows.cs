using Npgsql;
using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Storage.Postgres.Rows;

/// <summary>Statements that record changes, in the transaction that makes them.</summary>
internal static class ChangeRows
{
    private const string Columns =
        "kind, at, clock, source, actor, request, address, client, reason, repository_id, repository, digest, media_type, size, tag, previous";

    /// <summary>Columns that <see cref="ReadRow"/> reads.</summary>
    public const string Read =
        "position, kind, at, source, actor, request, address, client, reason, repository, tag, digest, previous, media_type, size, new_name";

    private const string Values = "$1, $2, (SELECT seconds FROM clock), $3, $4::text, $5::text, $6::text, $7::text, $8::text, $9, $10, $11::text, $12::text, $13::bigint";

    /// <summary>Records a change of a repository, a blob or a manifest.</summary>
    public static void Append(
        PostgresSession session,
        ChangeContext change,
        ChangeKind kind,
        long repositoryId,
        RepositoryName repository,
        Digest? digest,
        string? mediaType = null,
        long? size = null) =>
        Append(session, $"INSERT INTO changes ({Columns}) VALUES ({Values}, NULL, NULL)", change, kind, repositoryId, repository, digest, mediaType, size);

    /// <summary>Records the same change of each tag of a list.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="change">Circumstances of the change.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="repositoryId">Row of the repository.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="tags">The tags.</param>
    /// <param name="previous">The manifest that each referred to before.</param>
    /// <param name="digest">The manifest of all tags.</param>
    /// <param name="mediaType">Its media type.</param>
    /// <param name="size">Its size in bytes.</param>
    public static void AppendEach(
        PostgresSession session,
        ChangeContext change,
        ChangeKind kind,
        long repositoryId,
        RepositoryName repository,
        string[] tags,
        string?[] previous,
        Digest? digest = null,
        string? mediaType = null,
        long? size = null) => Append(
            session,
            $"""
            INSERT INTO changes ({Columns}) SELECT {Values}, tag, previous FROM unnest($14::text[], $15::text[]) WITH ORDINALITY u (tag, previous, n) ORDER BY n
            """,
            change,
            kind,
            repositoryId,
            repository,
            digest,
            mediaType,
            size,
            tags,
            previous);

    /// <summary>Removes a manifest from the history of all tags that referred to it earlier, and records it of each.</summary>
    public static void ForgetInHistory(
        PostgresSession session, ChangeContext change, long repositoryId, RepositoryName repository, long manifestId, Digest digest) => Append(
            session,
            $"""
            WITH forgotten AS (DELETE FROM tag_history WHERE manifest_id = $14 RETURNING tag)
            INSERT INTO changes ({Columns}) SELECT {Values}, tag, NULL FROM forgotten ORDER BY tag
            """,
            change,
            ChangeKind.TagForgotten,
            repositoryId,
            repository,
            digest,
            null,
            null,
            manifestId);

    /// <summary>Reads a row of <see cref="Read"/>.</summary>
    public static RegistryChange ReadRow(NpgsqlDataReader row) => new()
    {
        Sequence = row.GetInt64(0),
        Kind = (ChangeKind)row.GetInt64(1),
        Time = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)),
        Origin = new ChangeOrigin
        {
            Source = (ChangeSource)row.GetInt64(3),
            Actor = ContentRows.ReadText(row, 4),
            Request = ContentRows.ReadText(row, 5),
            Address = ContentRows.ReadText(row, 6),
            Client = ContentRows.ReadText(row, 7),
        },
        Reason = ContentRows.ReadText(row, 8),
        Repository = RepositoryName.Parse(row.GetString(9)),
        Tag = ContentRows.ReadText(row, 10) is { } tag ? Tag.Parse(tag) : null,
        Digest = ReadDigest(row, 11),
        Previous = ReadDigest(row, 12),
        MediaType = ContentRows.ReadText(row, 13),
        Size = ContentRows.ReadNumber(row, 14),
        NewName = ContentRows.ReadText(row, 15) is { } name ? RepositoryName.Parse(name) : null,
    };

    private static Digest? ReadDigest(NpgsqlDataReader row, int column) => ContentRows.ReadText(row, column) is { } digest ? Digest.Parse(digest) : null;

    private static void Append(
        PostgresSession session,
        string sql,
        ChangeContext change,
        ChangeKind kind,
        long repositoryId,
        RepositoryName repository,
        Digest? digest,
        string? mediaType,
        long? size,
        params ReadOnlySpan<object?> more) =>
        session.Queue(
            sql,
            [
                (long)kind, change.Time.ToUnixTimeMilliseconds(), (long)change.Origin.Source, change.Origin.Actor, change.Origin.Request,
                change.Origin.Address, change.Origin.Client, change.Reason, repositoryId, repository.Value, digest?.Value, mediaType, size, .. more,
            ]);
}
