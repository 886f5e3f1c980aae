using Registry.Storage.Contracts.Totals;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteStorageTotalsTests() : StorageTotalsContract(new SqliteEngine());
