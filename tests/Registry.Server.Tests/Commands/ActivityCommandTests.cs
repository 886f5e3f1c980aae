using System.Text.Json;

namespace Registry.Server.Tests.Commands;

/// <summary><c>registry activity</c> against a running registry.</summary>
public sealed class ActivityCommandTests : IDisposable
{
    private readonly TemporaryFolder _docker = new("docker-config");

    public void Dispose() => _docker.Dispose();

    [Fact]
    public async Task What_has_happened_is_listed_the_newest_first()
    {
        await using var registry = await TestRegistry.StartAsync();
        var (first, second) = (TestImage.Create(), TestImage.Create());
        await registry.Client.PushAsync("team/app", first, "latest");
        await registry.Client.PushAsync("team/web", second, "latest");
        Check.Status(202, await registry.Client.RequestAsync("DELETE", "/v2/team/app/manifests/latest"));
        var url = registry.Host.Addresses[0].TrimEnd('/');

        var run = await CommandAsync("activity", $"{new Uri(url).Authority}/team/app");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Matches(
            $@"^TIME +CHANGE +WHAT +NOW +BY\n20\S+Z +tag-removed +team/app:latest +deleted +anonymous\n20\S+Z +tag-set +team/app:latest +{first.Digest} +anonymous\n20\S+Z +manifest-added +team/app@{first.Digest} +- +anonymous\n$",
            run.Output);

        var cut = await CommandAsync("activity", "--server", url, "--kind", "tag-set", "--limit", "1", "--json");
        Assert.Equal((0, "registry: there are more; --limit shows more than 1\n"), (cut.ExitCode, cut.Error));
        Assert.Equal("team/web", Assert.Single(JsonElement.Parse(cut.Output).GetProperty("changes").EnumerateArray()).GetProperty("repository").GetString());

        Assert.Equal(
            "No such change is recorded in the repositories that you may pull from.\n", (await CommandAsync("activity", "--server", url, "--user", "nobody")).Output);
        Assert.Equal(2, (await CommandAsync("activity", "--server", url, "--kind", "push")).ExitCode);
        Assert.Equal(2, (await CommandAsync("activity", "team/app:v1", "--server", url)).ExitCode);
    }

    private Task<CommandRun> CommandAsync(params string[] arguments) =>
        CommandRun.OfAsync(new Dictionary<string, string> { ["DOCKER_CONFIG"] = _docker.Path }, arguments);
}
