using Registry.Core.SmallContent;
using Registry.Core.Storage;

namespace Registry.Storage.Sqlite.Rows;

/// <summary>Statements about the <c>staged_content</c> table. A row goes with the row of its content (a foreign key).</summary>
internal static class StagedRows
{
    // A row adds about as much work to a transaction as this many bytes of content.
    private const int BytesPerRow = 1024;

    /// <summary>Records that a digest has these bytes, which replace earlier ones; null if its file has them.</summary>
    public static void Set(SqliteSession session, long contentId, byte[]? bytes)
    {
        session.Execute("DELETE FROM staged_content WHERE content_id = @1", contentId);
        if (bytes is not null)
        {
            session.Execute("INSERT INTO staged_content (content_id, bytes) VALUES (@1, @2)", contentId, bytes);
        }
    }

    /// <summary>Removes the row of content, if there is one, and the content has no other place.</summary>
    public static void Remove(SqliteSession session, BlobPlace place) => session.Execute(
        "DELETE FROM staged_content WHERE content_id = (SELECT id FROM content WHERE digest = @1 AND place IS @2)", place.Known.Value, place.Key);

    /// <summary>Number of rows that staging changes, approximately.</summary>
    public static long CountRows(byte[]? bytes) => bytes is null ? 0 : 1 + (bytes.Length / BytesPerRow);

    /// <summary>Weight of all rows.</summary>
    public static long ReadWeight(SqliteSession session) => session.First(
        "SELECT staged_bytes, staged FROM totals WHERE id = 1", row => StagedContent.WeightOf(row.GetInt64(0), row.GetInt64(1)));
}
