using Registry.Storage.Contracts.Repositories;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresRepositoriesTests() : RepositoriesContract(new PostgresEngine());
