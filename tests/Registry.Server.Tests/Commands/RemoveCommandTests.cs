using System.Text.Json;

namespace Registry.Server.Tests.Commands;

/// <summary><c>registry rm</c> against a running registry.</summary>
public sealed class RemoveCommandTests : IAsyncLifetime
{
    private readonly TemporaryFolder _docker = new("docker-config");
    private TestRegistry _registry = null!;
    private TestImage _image = null!;

    private string Url => _registry.Host.Addresses[0].TrimEnd('/');

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync();
        _image = await _registry.Client.PushAsync("team/app", TestImage.Create(), "v1", "latest");
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _docker.Dispose();
    }

    [Fact]
    public async Task A_tag_is_deleted_alone()
    {
        var dry = await CommandAsync("rm", "team/app:v1", "--dry-run");
        Assert.Equal((0, $"team/app:v1 would be deleted; its manifest {_image.Digest} stays with its other tags\n", ""), (dry.ExitCode, dry.Output, dry.Error));
        Check.Status(200, await _registry.Client.HeadAnswerAsync("/v2/team/app/manifests/v1"));

        var run = await CommandAsync("rm", "team/app:v1", "team/app:latest");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(
            $"team/app:v1 is deleted; its manifest {_image.Digest} stays with its other tags; 'registry tag rollback team/app:v1' sets the tag again\n"
            + $"team/app:latest is deleted; its manifest {_image.Digest} stays without a tag; 'registry tag rollback team/app:latest' sets the tag again\n",
            run.Output);
        Check.Status(404, await _registry.Client.HeadAnswerAsync("/v2/team/app/manifests/v1"));
        Check.Status(200, await _registry.Client.HeadAnswerAsync($"/v2/team/app/manifests/{_image.Digest}"));
    }

    [Fact]
    public async Task A_manifest_goes_to_the_trash_with_its_tags()
    {
        var name = $"team/app@{_image.Digest}";
        var dry = await CommandAsync("rm", name, "--dry-run");
        Assert.Equal((0, $"{name} would be deleted with its tags latest, v1; it could be restored for 7 days of running time\n"), (dry.ExitCode, dry.Output));
        Check.Status(200, await _registry.Client.HeadAnswerAsync("/v2/team/app/manifests/v1"));

        var run = await CommandAsync("rm", name);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Matches($@"^{name} is deleted with its tags latest, v1; 'registry trash restore {name}' restores it, until 20\d\d-\S+ \S+ UTC\n$", run.Output);
        Check.Status(404, await _registry.Client.HeadAnswerAsync($"/v2/team/app/manifests/{_image.Digest}"));
        Assert.Equal(0, (await CommandAsync("trash", "restore", name)).ExitCode);
        Check.Status(200, await _registry.Client.HeadAnswerAsync("/v2/team/app/manifests/v1"));
    }

    [Fact]
    public async Task What_cannot_be_deleted_fails_and_the_rest_is_deleted()
    {
        var other = await _registry.Client.PushAsync("other/app", TestImage.Create(), "v1");
        var host = new Uri(Url).Authority;

        var run = await CommandAsync("rm", "team/app:none", "team/app:v1", $"{host}/other/app@{other.Digest}", "--json");

        Assert.Equal((1, ""), (run.ExitCode, run.Error));
        var images = JsonElement.Parse(run.Output).GetProperty("images");
        Assert.Equal(["team/app:none", "team/app:v1", $"other/app@{other.Digest}"], images.EnumerateArray().Select(one => one.GetProperty("image").GetString()));
        Assert.Contains("manifest unknown", images[0].GetProperty("fault").GetString(), StringComparison.Ordinal);
        Assert.Equal(_image.Digest, images[1].GetProperty("digest").GetString());
        Assert.True(images[2].GetProperty("restorableSeconds").GetInt64() > 0);
        Check.Status(404, await _registry.Client.HeadAnswerAsync("/v2/team/app/manifests/v1"));
        Check.Status(404, await _registry.Client.HeadAnswerAsync("/v2/other/app/manifests/v1"));
        Assert.Contains("registry: team/app:none: ", (await CommandAsync("rm", "team/app:none")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rm")]
    [InlineData("rm", "team/app")]
    [InlineData("rm", "team/app:v1", "team/app@sha256:00")]
    [InlineData("rm", "other.example.com:1/team/app:v1")]
    public async Task Wrong_arguments_delete_nothing(params string[] arguments)
    {
        Assert.Equal(2, (await CommandAsync(arguments)).ExitCode);
        Check.Status(200, await _registry.Client.HeadAnswerAsync("/v2/team/app/manifests/v1"));
    }

    [Fact]
    public async Task A_registry_without_a_trash_says_that_a_deletion_is_final()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { Trash = TimeSpan.Zero });
        var image = await registry.Client.PushAsync("team/app", TestImage.Create(), "v1");
        var url = registry.Host.Addresses[0].TrimEnd('/');
        var run = await CommandRun.OfAsync(new Dictionary<string, string> { ["DOCKER_CONFIG"] = _docker.Path }, "rm", $"team/app@{image.Digest}", "--server", url);
        Assert.Equal((0, $"team/app@{image.Digest} is deleted with its tag v1; it cannot be restored: the registry keeps no deleted manifests\n"), (run.ExitCode, run.Output));
    }

    private Task<CommandRun> CommandAsync(params string[] arguments) =>
        CommandRun.OfAsync(new Dictionary<string, string> { ["DOCKER_CONFIG"] = _docker.Path }, [.. arguments, "--server", Url]);
}
