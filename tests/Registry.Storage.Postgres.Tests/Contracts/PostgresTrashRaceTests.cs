using Registry.Storage.Contracts.Trash;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresTrashRaceTests() : TrashRaceContract(new PostgresEngine());
