namespace Registry.Storage.Postgres.Trash;

/// <summary>Row of an entry of the trash that is about to be removed.</summary>
/// <param name="Id">The row.</param>
/// <param name="Content">Rows of the content that it refers to.</param>
internal sealed record TrashRow(long Id, long[] Content);
