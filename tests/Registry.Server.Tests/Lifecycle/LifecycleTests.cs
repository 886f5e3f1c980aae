namespace Registry.Server.Tests.Lifecycle;

/// <summary>Every kind of content, from the push of its first blob to the deletion of its last, as in the OCI distribution-spec.</summary>
public sealed class LifecycleTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    public static TheoryData<string> Kinds => [.. ContentKind.ByName.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public Task Is_pushed_listed_pulled_and_deleted(string kind) => new LifeOfContent(fixture.Client, ContentKind.ByName[kind]()).RunAsync();
}
