using Registry.Storage.Contracts.Changes;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresChangeFeedTests() : ChangeFeedContract(new PostgresEngine());
