using Registry.Storage.Contracts.Repositories;

namespace Registry.Core.Tests.Caching;

public sealed class CachedRepositoriesTests() : RepositoriesContract(new CachedEngine());
