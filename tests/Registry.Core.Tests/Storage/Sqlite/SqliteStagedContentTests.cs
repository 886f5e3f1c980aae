using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Storage.Sqlite;

public sealed class SqliteStagedContentTests() : StagedContentContract(new SqliteEngine());
