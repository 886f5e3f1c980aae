using Registry.Core.Tests.Caching;
using Registry.Storage.Contracts.History;

namespace Registry.Core.Tests.History;

/// <summary>The history beside metadata whose answers are in memory, as in a registry on a data folder.</summary>
public sealed class CachedTagHistoryTests() : TagHistoryContract(new CachedEngine());
