using Registry.Storage.Contracts.Trash;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteTrashTests() : TrashContract(new SqliteEngine());
