using Registry.Core.Access.Rules;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Mirror.Configuration;

namespace Registry.Mirror.Tests.Configuration;

/// <summary>The ways in which the name of a request means a repository of an upstream, or of this registry.</summary>
public sealed class MirrorNamesTests
{
    private static readonly MirrorNames Names = new(
        new MirrorConfiguration(
            [
                Upstream("docker.io", "hub") with { HasLibrary = true, Namespaces = ["docker.io"], Hosts = ["hub.example"] },
                Upstream("ghcr.io", "other/ghcr") with { Namespaces = ["ghcr.io"], Hosts = ["ghcr.example:5000"], Repositories = [RepositoryPattern.TryParse("org/*")!] },
                Upstream("quay.io", "other/quay"),
            ],
            ["registry.example"]),
        "registry.example:15000");

    [Theory]
    [InlineData("hub/grafana/loki", "docker.io", "hub/grafana/loki", "grafana/loki")]
    [InlineData("hub/library/alpine", "docker.io", "hub/library/alpine", "library/alpine")]
    [InlineData("hub/alpine", "docker.io", "hub/library/alpine", "library/alpine")]
    [InlineData("other/ghcr/org/app", "ghcr.io", "other/ghcr/org/app", "org/app")]
    [InlineData("other/ghcr/app", "ghcr.io", "other/ghcr/app", "app")]
    [InlineData("other/quay/org/app", "quay.io", "other/quay/org/app", "org/app")]
    public void A_prefix_means_its_upstream(string name, string upstream, string local, string remote)
    {
        var found = Assert.NotNull(Names.Find(RepositoryName.Parse(name)));

        Assert.Equal((upstream, local, remote), (found.Upstream.Name, found.Local.Value, found.Name.Value));
    }

    [Theory]
    [InlineData("hub")]
    [InlineData("hubs/alpine")]
    [InlineData("alpine")]
    [InlineData("my/hub/alpine")]
    [InlineData("other/app")]
    [InlineData("other/ghcr")]
    [InlineData("other/ghcr2/app")]
    public void Other_names_are_of_this_registry_and_cost_no_allocation(string name)
    {
        var local = RepositoryName.Parse(name);
        Assert.Null(Names.Find(local));
        Assert.Equal(new MappedName(local, null, null), Names.Map(local, null, "registry.example").Value);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            _ = Names.Map(local, null, "registry.example:15000");
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData("alpine", "docker.io", null, "hub/library/alpine", "docker.io")]
    [InlineData("library/alpine", "docker.io", null, "hub/library/alpine", "docker.io")]
    [InlineData("grafana/loki", "docker.io", "ghcr.example:5000", "hub/grafana/loki", "docker.io")]
    [InlineData("hub/library/alpine", "docker.io", null, "hub/library/alpine", "docker.io")]
    [InlineData("hub/org/app", "ghcr.io", null, "other/ghcr/hub/org/app", "ghcr.io")]
    [InlineData("alpine", null, "hub.example", "hub/library/alpine", "docker.io")]
    [InlineData("alpine", null, "Hub.Example:443", "hub/library/alpine", "docker.io")]
    [InlineData("hub/library/alpine", null, "hub.example", "hub/library/alpine", "docker.io")]
    [InlineData("org/app", null, "ghcr.example:5000", "other/ghcr/org/app", "ghcr.io")]
    public void A_namespace_or_a_host_means_its_upstream(string name, string? ns, string? host, string local, string shown)
    {
        var mapped = Names.Map(RepositoryName.Parse(name), ns, host).Value;

        Assert.Equal((local, shown), (mapped.Local.Value, mapped.Namespace));
        Assert.Equal(mapped.Local, mapped.Mirrored?.Local);
    }

    [Theory]
    [InlineData("app", "registry.example", null)]
    [InlineData("app", "registry.example:15000", "hub.example")]
    [InlineData("app", null, "ghcr.example")]
    [InlineData("app", null, "ghcr.example:5001")]
    [InlineData("app", null, "")]
    [InlineData("app", null, "]:[")]
    public void An_own_name_or_another_host_means_this_registry(string name, string? ns, string? host) =>
        Assert.Equal(new MappedName(RepositoryName.Parse(name), null, ns), Names.Map(RepositoryName.Parse(name), ns, host).Value);

    [Fact]
    public void An_own_namespace_leaves_a_prefix_its_meaning() =>
        Assert.Equal("ghcr.io", Names.Map(RepositoryName.Parse("other/ghcr/org/app"), "registry.example", null).Value.Mirrored?.Upstream.Name);

    [Theory]
    [InlineData("evil.example")]
    [InlineData("DOCKER.IO")]
    [InlineData("http://169.254.169.254/")]
    public void Another_namespace_is_no_registry_that_is_known(string ns)
    {
        var error = Names.Map(RepositoryName.Parse("app"), ns, null).Error;

        Assert.Equal(RegistryErrorCode.NameUnknown, error?.Code);
        Assert.Equal($"ns is '{ns}', which is no registry that is mirrored here, and no name of this one", Assert.Single(error!.Details));
    }

    [Fact]
    public void A_name_that_is_too_long_with_its_prefix_is_refused() =>
        Assert.Equal(RegistryErrorCode.NameInvalid, Names.Map(RepositoryName.Parse(new string('a', 250)), "ghcr.io", null).Error?.Code);

    [Theory]
    [InlineData("other/ghcr/org/app", true)]
    [InlineData("other/ghcr/org/app/deep", false)]
    [InlineData("other/ghcr/else/app", false)]
    [InlineData("hub/any/thing", true)]
    public void The_patterns_of_an_upstream_say_what_is_asked_for(string name, bool isIncluded) =>
        Assert.Equal(isIncluded, Names.Find(RepositoryName.Parse(name))?.IsIncluded);

    [Fact]
    public void Without_upstreams_every_name_is_of_this_registry() =>
        Assert.Equal(new MappedName(RepositoryName.Parse("hub/alpine"), null, null), new MirrorNames(new MirrorConfiguration([], []), null).Map(RepositoryName.Parse("hub/alpine"), null, "hub.example").Value);

    private static UpstreamSettings Upstream(string name, string prefix) => new() { Name = name, Url = new Uri($"https://{name}"), Prefix = prefix };
}
