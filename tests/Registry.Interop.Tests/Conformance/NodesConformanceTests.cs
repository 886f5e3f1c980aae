using Registry.Interop.Tests.Nodes;
using Registry.Testing;

namespace Registry.Interop.Tests.Conformance;

/// <summary>The conformance program through a balancer that sends each request to another node.</summary>
public sealed class NodesConformanceTests(ManyNodes nodes) : IClassFixture<ManyNodes>, IDisposable
{
    private readonly TemporaryFolder _folder = new("conformance");

    public void Dispose() => _folder.Dispose();

    [ConformanceFact]
    public Task Version_1_1_conforms() => AssertConformsAsync("1.1", redirects: false);

    [ConformanceFact]
    public Task The_newest_version_conforms() => AssertConformsAsync("dev", redirects: false);

    [ConformanceFact]
    public Task The_newest_version_conforms_with_redirects() => AssertConformsAsync("dev", redirects: true);

    private async Task AssertConformsAsync(string version, bool redirects) =>
        await new ConformanceProgram((await nodes.StartAsync(redirects)).HostPort, _folder.Path).AssertConformsAsync(version);
}
