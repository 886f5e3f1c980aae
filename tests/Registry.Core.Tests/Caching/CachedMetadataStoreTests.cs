using Registry.Storage.Contracts.Metadata;

namespace Registry.Core.Tests.Caching;

public sealed class CachedMetadataStoreTests() : MetadataStoreContract(new CachedEngine());
