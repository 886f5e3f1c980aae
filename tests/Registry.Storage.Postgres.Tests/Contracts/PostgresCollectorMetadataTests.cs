using Registry.Storage.Contracts.Collection;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresCollectorMetadataTests() : CollectorMetadataContract(new PostgresEngine());
