using Registry.Storage.Contracts.Space;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresSpaceTests() : SpaceContract(new PostgresEngine());
