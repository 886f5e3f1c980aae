using Registry.Storage.Contracts.Trash;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteTrashRaceTests() : TrashRaceContract(new SqliteEngine());
