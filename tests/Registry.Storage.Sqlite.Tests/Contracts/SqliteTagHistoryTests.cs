using Registry.Storage.Contracts.History;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteTagHistoryTests() : TagHistoryContract(new SqliteEngine());
