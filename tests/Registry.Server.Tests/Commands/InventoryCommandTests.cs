using System.Text.Json;

namespace Registry.Server.Tests.Commands;

/// <summary><c>registry ls</c> and <c>registry tags</c> against a running registry.</summary>
public sealed class InventoryCommandTests : IDisposable
{
    private readonly TemporaryFolder _docker = new("docker-config");

    public void Dispose() => _docker.Dispose();

    [Fact]
    public async Task Repositories_are_listed()
    {
        await using var registry = await TestRegistry.StartAsync();
        foreach (var name in new[] { "team/app", "team/web", "other/app" })
        {
            await registry.Client.PushAsync(name, TestImage.Create(), "v1", "latest");
        }

        var run = await CommandAsync("ls", "--server", Url(registry), "--sort", "pushed");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Matches(@"^REPOSITORY  TAGS  SIZE +LAST PUSH +BY\nother/app   2 +\S.* 20\S+Z  -\nteam/web    2 .*\nteam/app    2 .*\n$", run.Output);

        var host = new Uri(Url(registry)).Authority;
        var cut = await CommandAsync("ls", $"{host}/team/", "--limit", "1", "--json");
        Assert.Equal((0, "registry: there are more; --limit shows more than 1\n"), (cut.ExitCode, cut.Error));
        Assert.Equal("team/app", Assert.Single(JsonElement.Parse(cut.Output).GetProperty("repositories").EnumerateArray()).GetProperty("repository").GetString());
        Assert.Contains("team/web ", (await CommandAsync("ls", host, "--search", "web")).Output, StringComparison.Ordinal);
        Assert.Equal("There are no such repositories that you may pull from.\n", (await CommandAsync("ls", "none", "--server", Url(registry))).Output);
        Assert.Equal(2, (await CommandAsync("ls", "other.example.com:1/team", "--server", Url(registry))).ExitCode);
    }

    [Fact]
    public async Task Tags_are_listed_the_last_set_first()
    {
        await using var registry = await TestRegistry.StartAsync();
        var image = TestImage.Create();
        await registry.Client.PushAsync("team/app", TestImage.Create(), "v1");
        await registry.Client.PushAsync("team/app", image, "v2");

        var run = await CommandAsync("tags", $"{new Uri(Url(registry)).Authority}/team/app");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Matches($@"^TAG  SIZE +PLATFORM +SET +BY +DIGEST\nv2   \S+ \S+ +\S+ +20\S+Z  -   {image.Digest}\nv1   .*\n$", run.Output);
        Assert.Equal("v1", Assert.Single(JsonElement.Parse((await CommandAsync("tags", "team/app", "--server", Url(registry), "--prefix", "v1", "--json")).Output)
            .GetProperty("tags").EnumerateArray()).GetProperty("tag").GetString());
        var many = await CommandAsync("tags", "team/app", "--server", Url(registry), "--limit", "1", "--sort", "name");
        Assert.Equal("registry: there are more; --limit shows more than 1\n", many.Error);
        Assert.Equal(1, (await CommandAsync("tags", "team/none", "--server", Url(registry))).ExitCode);
        Assert.Equal(2, (await CommandAsync("tags", "team/app:v1", "--server", Url(registry))).ExitCode);
    }

    [Fact]
    public async Task An_image_is_inspected()
    {
        await using var registry = await TestRegistry.StartAsync();
        var image = await registry.Client.PushAsync("team/app", TestImage.Create(), "v1", "latest");

        var run = await CommandAsync("inspect", $"{new Uri(Url(registry)).Authority}/team/app");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Matches($@"^REPOSITORY +team/app\nDIGEST +{image.Digest}\nKIND +\w+\n(?s:.*)\nTAGS +latest, set 20\S+Z\n +v1, set 20\S+Z\nPART OF +-\nREFERRERS +0\nKEPT +held by its tags\n$", run.Output);
        var json = JsonElement.Parse((await CommandAsync("inspect", $"team/app@{image.Digest}", "--server", Url(registry), "--json")).Output);
        Assert.Equal(image.Digest, json.GetProperty("digest").GetString());
        Assert.Equal(1, (await CommandAsync("inspect", "team/app:none", "--server", Url(registry))).ExitCode);
        Assert.Equal(2, (await CommandAsync("inspect", "team/App", "--server", Url(registry))).ExitCode);
    }

    private static string Url(TestRegistry registry) => registry.Host.Addresses[0].TrimEnd('/');

    private Task<CommandRun> CommandAsync(params string[] arguments) =>
        CommandRun.OfAsync(new Dictionary<string, string> { ["DOCKER_CONFIG"] = _docker.Path }, arguments);
}
