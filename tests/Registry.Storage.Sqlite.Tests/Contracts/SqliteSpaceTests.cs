using Registry.Storage.Contracts.Space;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteSpaceTests() : SpaceContract(new SqliteEngine());
