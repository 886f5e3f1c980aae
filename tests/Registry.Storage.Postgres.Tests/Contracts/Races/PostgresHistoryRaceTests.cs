using Registry.Storage.Contracts.History;

namespace Registry.Storage.Postgres.Tests.Contracts.Races;

public sealed class PostgresHistoryRaceTests() : HistoryRaceContract(new PostgresEngine());
