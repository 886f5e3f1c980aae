using Registry.Storage.Contracts.Retention;

namespace Registry.Storage.Postgres.Tests.Retention;

public sealed class PostgresRetentionTests() : RetentionContract(new PostgresEngine());
