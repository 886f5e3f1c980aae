using Registry.Storage.Contracts.Access;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteWebSessionTests() : WebSessionContract(new SqliteEngine());
