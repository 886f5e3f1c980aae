using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Storage.Sqlite;

public sealed class SqliteMetadataListingTests() : MetadataListingContract(new SqliteEngine());
