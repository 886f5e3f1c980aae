using Registry.Storage.Contracts.Mirroring;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteMirrorTests() : MirrorContract(new SqliteEngine());
