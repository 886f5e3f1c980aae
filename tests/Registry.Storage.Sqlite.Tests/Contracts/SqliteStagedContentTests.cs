using Registry.Storage.Contracts.Metadata;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteStagedContentTests() : WaitingContentContract(new SqliteEngine());
