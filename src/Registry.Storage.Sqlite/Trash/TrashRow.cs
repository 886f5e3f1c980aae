namespace Registry.Storage.Sqlite.Trash;

/// <summary>Row of an entry of the trash that is about to be removed.</summary>
internal readonly record struct TrashRow(long Id, long Repository, long Content, bool IsIndex, long DeletedAt);
