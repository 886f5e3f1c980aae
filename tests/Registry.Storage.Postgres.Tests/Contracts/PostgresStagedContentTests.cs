using Registry.Storage.Contracts.Metadata;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresStagedContentTests() : StagedContentContract(new PostgresEngine());
