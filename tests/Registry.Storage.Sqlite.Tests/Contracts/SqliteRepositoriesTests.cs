using Registry.Storage.Contracts.Repositories;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteRepositoriesTests() : RepositoriesContract(new SqliteEngine());
