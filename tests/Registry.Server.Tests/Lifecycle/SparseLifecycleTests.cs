using Registry.Core.Metadata;

namespace Registry.Server.Tests.Lifecycle;

/// <summary>The same with REGISTRY_MANIFEST_REFERENCES=sparse, where the references of a manifest need not exist.</summary>
public sealed class SparseLifecycleTests(SparseLifecycleTests.Fixture fixture) : IClassFixture<SparseLifecycleTests.Fixture>
{
    public static TheoryData<string> Kinds => [.. ContentKind.ByName.Keys, .. ContentKind.SparseByName.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public Task Is_pushed_listed_pulled_and_deleted(string kind) =>
        new LifeOfContent(fixture.Client, (ContentKind.SparseByName.GetValueOrDefault(kind) ?? ContentKind.ByName[kind])()).RunAsync();

    /// <summary>A registry that takes sparse manifests.</summary>
    public sealed class Fixture : RegistryFixture
    {
        protected override ManifestReferences References => ManifestReferences.Sparse;
    }
}
