using Registry.Storage.Contracts.History;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteHistoryRaceTests() : HistoryRaceContract(new SqliteEngine());
