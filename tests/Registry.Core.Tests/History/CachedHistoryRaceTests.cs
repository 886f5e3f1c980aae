using Registry.Core.Tests.Caching;
using Registry.Storage.Contracts.History;

namespace Registry.Core.Tests.History;

/// <summary>The same beside metadata whose answers are in memory.</summary>
public sealed class CachedHistoryRaceTests() : HistoryRaceContract(new CachedEngine());
