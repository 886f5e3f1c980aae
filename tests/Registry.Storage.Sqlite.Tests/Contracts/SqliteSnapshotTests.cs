using Registry.Storage.Contracts.Metadata;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteSnapshotTests() : MetadataSnapshotContract(new SqliteEngine());
