using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Caching;

public sealed class CachedVerifierMetadataTests() : VerifierMetadataContract(new CachedEngine());
