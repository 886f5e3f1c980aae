using Microsoft.Extensions.Logging;
using Registry.Server.Configuration;

namespace Registry.Server.Tests.Mirroring;

/// <summary>The file of the mirror while the registry runs: an edit is taken, and a broken one is not.</summary>
public sealed class MirrorReloadTests : IDisposable
{
    private const string Nothing = """{ "upstreams": [] }""";

    private readonly MirrorFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_edit_is_in_force_by_itself_and_a_broken_file_keeps_the_last_good_version()
    {
        _folder.Write(Nothing);
        await using var registry = await TestRegistry.StartAsync(_folder.Configure);
        Check.Status(404, await AskAsync(registry));

        _folder.Write(MirrorFolder.Upstreams);
        await Eventually.HoldsAsync(async () => (await AskAsync(registry))["OCI-Namespace"] == "docker.io", "the edit is in force");

        _folder.Write("{\n\"upstream\": []}");
        var kept = $"{_folder.Path} cannot be used, the last good version stays in force: line 2: unknown property \"upstream\"; allowed: upstreams, own";
        await Eventually.HoldsAsync(() => Task.FromResult(registry.Log.Entries.Any(entry => entry.Message == kept)), "the edit is refused");
        Assert.Equal("docker.io", (await AskAsync(registry))["OCI-Namespace"]);
    }

    [Fact]
    public async Task SIGHUP_takes_an_edit_at_once_and_names_the_line_of_a_fault()
    {
        await using var registry = await TestRegistry.StartAsync(_folder.Configure);
        _folder.Write(Nothing);

        registry.Host.Reload();

        Assert.Null((await AskAsync(registry))["OCI-Namespace"]);
        Assert.Contains(registry.Log.Entries, entry => entry.Message.StartsWith("Files reloaded: REGISTRY_MIRROR_CONFIG ", StringComparison.Ordinal));
        _folder.Write("[");
        registry.Host.Reload();
        Assert.Contains(
            registry.Log.Entries,
            entry => entry.Level == LogLevel.Error && entry.Message.Contains("REGISTRY_MIRROR_CONFIG cannot be used, the last good version stays in force: line 1: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_edit_of_the_certificates_of_an_upstream_alone_is_in_force_by_itself()
    {
        var bundle = Path.Combine(Path.GetDirectoryName(_folder.Path)!, "ca.pem");
        using var first = new TestAuthority("first");
        using var second = new TestAuthority("second");
        File.WriteAllText(bundle, first.Pem);
        _folder.Write("""{ "upstreams": [{ "name": "a", "url": "https://a.invalid", "prefix": "a", "ca": "ca.pem" }] }""");
        await using var registry = await TestRegistry.StartAsync(_folder.Configure);
        Assert.Equal(first.Pem, Trusted());

        File.WriteAllText(bundle, second.Pem);

        await Eventually.HoldsAsync(() => Task.FromResult(Trusted() == second.Pem), "the edit is in force");
        Assert.Contains(registry.Log.Entries, entry => entry.Message == $"A file that {_folder.Path} names was edited and is in force");

        string Trusted() => Assert.Single(Assert.Single(registry.Host.Mirror!.ReadStatus()).Settings.Authorities!).ExportCertificatePem();
    }

    [Fact]
    public async Task A_broken_file_ends_the_start_with_its_line()
    {
        _folder.Write("{\n\"upstreams\": 1}");

        var fault = await Assert.ThrowsAsync<StartupException>(() => TestRegistry.StartAsync(_folder.Configure));

        Assert.Equal($"REGISTRY_MIRROR_CONFIG {_folder.Path} cannot be used: line 2: upstreams must be an array", fault.Message);
    }

    [Fact]
    public async Task A_prefix_over_repositories_of_this_registry_is_an_error_with_its_line()
    {
        _folder.Write(Nothing);
        await using var registry = await TestRegistry.StartAsync(_folder.Configure);
        await registry.Client.PushAsync("ghcr/app", TestImage.Create(), "latest");
        _folder.Write(MirrorFolder.Upstreams);

        registry.Host.Reload();

        Assert.Contains(
            registry.Log.Entries,
            entry => entry.Level == LogLevel.Error && entry.Message.Contains(
                "line 5: the prefix \"ghcr\" has repositories of its own, such as ghcr/app; choose another prefix, or rename or delete them before", StringComparison.Ordinal));
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/ghcr/app/manifests/latest"));
    }

    private static Task<Answer> AskAsync(TestRegistry registry) => registry.Client.GetAnswerAsync("/v2/alpine/manifests/latest?ns=docker.io");
}
