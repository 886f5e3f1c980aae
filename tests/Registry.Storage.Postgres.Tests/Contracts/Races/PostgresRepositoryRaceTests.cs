using Registry.Storage.Contracts.Repositories;

namespace Registry.Storage.Postgres.Tests.Contracts.Races;

public sealed class PostgresRepositoryRaceTests() : RepositoryRaceContract(new PostgresEngine());
