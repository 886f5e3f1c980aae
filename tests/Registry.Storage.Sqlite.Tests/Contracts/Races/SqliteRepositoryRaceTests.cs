using Registry.Storage.Contracts.Repositories;

namespace Registry.Storage.Sqlite.Tests.Contracts.Races;

public sealed class SqliteRepositoryRaceTests() : RepositoryRaceContract(new SqliteEngine());
