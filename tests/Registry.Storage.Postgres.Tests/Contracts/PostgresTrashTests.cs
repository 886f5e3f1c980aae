using Registry.Storage.Contracts.Trash;

namespace Registry.Storage.Postgres.Tests.Contracts;

public sealed class PostgresTrashTests() : TrashContract(new PostgresEngine());
