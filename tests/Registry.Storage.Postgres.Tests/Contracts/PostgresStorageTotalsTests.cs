using Registry.Storage.Contracts.Totals;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresStorageTotalsTests() : StorageTotalsContract(new PostgresEngine());
