using Registry.Storage.Contracts.Mirroring;

namespace Registry.Core.Tests.Caching;

public sealed class CachedMirrorTests() : MirrorContract(new CachedEngine());
