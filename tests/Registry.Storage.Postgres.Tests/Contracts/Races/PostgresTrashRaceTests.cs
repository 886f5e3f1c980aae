using Registry.Storage.Contracts.Trash;

namespace Registry.Storage.Postgres.Tests.Contracts.Races;

public sealed class PostgresTrashRaceTests() : TrashRaceContract(new PostgresEngine());
