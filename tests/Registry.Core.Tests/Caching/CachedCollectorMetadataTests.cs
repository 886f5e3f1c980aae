using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Caching;

public sealed class CachedCollectorMetadataTests() : CollectorMetadataContract(new CachedEngine());
