using Registry.Storage.Contracts.History;

namespace Registry.Storage.Sqlite.Tests.Contracts.Races;

public sealed class SqliteHistoryRaceTests() : HistoryRaceContract(new SqliteEngine());
