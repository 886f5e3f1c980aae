using Registry.Storage.Contracts.Retention;

namespace Registry.Core.Tests.Caching;

public sealed class CachedRetentionTests() : RetentionContract(new CachedEngine());
