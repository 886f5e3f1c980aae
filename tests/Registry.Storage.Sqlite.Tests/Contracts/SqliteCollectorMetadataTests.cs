using Registry.Storage.Contracts.Collection;

namespace Registry.Storage.Sqlite.Tests.Contracts;

public sealed class SqliteCollectorMetadataTests() : CollectorMetadataContract(new SqliteEngine());
