using Registry.Storage.Contracts.Collection;

namespace Registry.Core.Tests.Caching;

public sealed class CachedCollectorMetadataTests() : CollectorMetadataContract(new CachedEngine());
