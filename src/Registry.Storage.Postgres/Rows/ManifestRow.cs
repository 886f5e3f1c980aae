using Npgsql;
using Registry.Core.Oci;

namespace Registry.Storage.Postgres.Rows;

/// <summary>Row of a manifest that is about to be removed.</summary>
internal readonly record struct ManifestRow(long Id, long Content, long Repository, bool IsIndex, long Size, Digest Digest)
{
    /// <summary>Columns that <see cref="Read"/> reads, with <c>m</c> and <c>c</c> for the manifest and its content.</summary>
    public const string Columns = "m.id, m.content_id, m.repository_id, m.media_type, c.size, c.digest";

    /// <summary>Reads <see cref="Columns"/>.</summary>
    public static ManifestRow Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), MediaTypes.IsIndex(row.GetString(3)), row.GetInt64(4), Digest.Parse(row.GetString(5)));
}
