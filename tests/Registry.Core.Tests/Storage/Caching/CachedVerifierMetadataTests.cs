using Registry.Core.Tests.Storage.Contracts;

namespace Registry.Core.Tests.Storage.Caching;

public sealed class CachedVerifierMetadataTests() : VerifierMetadataContract(new CachedEngine());
