using Registry.Storage.Contracts.Activity;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteActivityTests() : ActivityContract(new SqliteEngine());
