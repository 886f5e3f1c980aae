using Registry.Storage.Contracts.Repositories;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteRepositoryRaceTests() : RepositoryRaceContract(new SqliteEngine());
