using Registry.Storage.Contracts.Retention;

namespace Registry.Storage.Sqlite.Tests.Retention;

public sealed class SqliteRetentionTests() : RetentionContract(new SqliteEngine());
