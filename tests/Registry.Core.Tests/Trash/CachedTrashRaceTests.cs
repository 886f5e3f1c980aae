using Registry.Core.Tests.Caching;
using Registry.Storage.Contracts.Trash;

namespace Registry.Core.Tests.Trash;

/// <summary>The trash beside metadata whose answers are in memory, as in a registry on a data folder.</summary>
public sealed class CachedTrashRaceTests() : TrashRaceContract(new CachedEngine());
