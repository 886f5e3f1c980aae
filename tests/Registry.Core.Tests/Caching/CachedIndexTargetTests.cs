using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Caching;

public sealed class CachedIndexTargetTests() : IndexTargetContract(new CachedEngine());
