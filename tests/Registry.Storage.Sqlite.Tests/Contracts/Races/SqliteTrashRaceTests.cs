using Registry.Storage.Contracts.Trash;

namespace Registry.Storage.Sqlite.Tests.Contracts.Races;

public sealed class SqliteTrashRaceTests() : TrashRaceContract(new SqliteEngine());
