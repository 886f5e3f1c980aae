using Registry.Storage.Contracts.History;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresTagHistoryTests() : TagHistoryContract(new PostgresEngine());
