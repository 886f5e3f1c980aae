using Microsoft.Data.Sqlite;
using Registry.Core.Oci;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>Row of a manifest that is about to be removed.</summary>
internal readonly record struct ManifestRow(long Id, long Content, long Repository, bool IsIndex, long Size)
{
    /// <summary>Reads the columns <c>id</c>, <c>content_id</c>, <c>repository_id</c> and <c>media_type</c> of the manifest, and <c>size</c> of its content.</summary>
    public static ManifestRow Read(SqliteDataReader row) =>
        new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), MediaTypes.IsIndex(row.GetString(3)), row.GetInt64(4));
}
