using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Caching;

public sealed class CachedMetadataStoreTests() : MetadataStoreContract(new CachedEngine());
