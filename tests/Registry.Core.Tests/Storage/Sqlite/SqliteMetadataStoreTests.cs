using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Storage.Sqlite;

public sealed class SqliteMetadataStoreTests() : MetadataStoreContract(new SqliteEngine());
