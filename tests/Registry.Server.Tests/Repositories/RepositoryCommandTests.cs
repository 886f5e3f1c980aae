using System.Text;
using System.Text.Json;
using Registry.Core.Access;
using Registry.Server.Commands;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Commands;

namespace Registry.Server.Tests.Repositories;

/// <summary><c>registry repository …</c> against a running registry, with the login that docker has stored.</summary>
public sealed class RepositoryCommandTests : IDisposable
{
    private readonly TemporaryFolder _docker = new("docker-config");

    public static TheoryData<AuthenticationKind> Kinds => new(AuthenticationKind.Basic, AuthenticationKind.BuiltInToken);

    public void Dispose() => _docker.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_repository_is_renamed_and_deleted(AuthenticationKind kind)
    {
        using var folder = new AccessFolder();
        await using var registry = await StartAsync(folder, kind);
        await LogInAsync(Host(registry), "admin");

        Assert.Equal(
            new CommandRun(0, "team/app is team/new now; change the clients that pull or push it by the old name\n", ""),
            await CommandAsync("repository", "rename", $"{Host(registry)}/team/app", "team/new"));
        var deleted = await CommandAsync("repository", "delete", $"{Host(registry)}/team/new", "--yes");
        Assert.Equal((0, ""), (deleted.ExitCode, deleted.Error));
        Assert.Matches("^team/new: 1 manifest with 2 tags deleted, [0-9]+ B of manifests, and 0 blobs that nothing needs; all can be restored until [0-9-]+ [0-9:]+ UTC\n$", deleted.Output);
        Assert.Equal(
            new CommandRun(1, "", $"registry: {Host(registry)}: repository name not known to registry: there is no repository team/new\n"),
            await CommandAsync("repository", "delete", $"{Host(registry)}/team/new", "--yes"));
    }

    [Fact]
    public async Task A_deletion_is_confirmed_with_the_name()
    {
        await using var registry = await TestRegistry.StartAsync();
        await registry.Client.PushAsync("team/app", TestImage.Create(), "latest");
        const string Prompt = "Type the name of the repository to delete it: ";
        string[] arguments = ["repository", "delete", "team/app", "--server", Url(registry)];

        var without = await CommandAsync(arguments);
        Assert.Equal((2, ""), (without.ExitCode, without.Output));
        Assert.Matches(
            @"^registry: team/app at 127\.0\.0\.1:[0-9]+ has 1 manifest with 1 tag, [0-9.]+ .* with all blobs\. They can be restored for 7 days of running time, until [0-9-]+ [0-9:]+ UTC if the registry runs all the time\. Pass --yes to delete it without a terminal\n$",
            without.Error);

        var wrong = await TypeAsync("app\n", arguments);
        Assert.Equal((1, ""), (wrong.ExitCode, wrong.Output));
        Assert.EndsWith($"{Prompt}registry: the name was not typed; nothing was deleted\n", wrong.Error, StringComparison.Ordinal);
        Check.Status(200, await registry.Client.GetAnswerAsync("/v2/team/app/manifests/latest"));

        var right = await TypeAsync("team/app\n", arguments);
        Assert.Equal(0, right.ExitCode);
        Assert.EndsWith(Prompt, right.Error, StringComparison.Ordinal);
        Check.Status(404, await registry.Client.GetAnswerAsync("/v2/team/app/manifests/latest"));
    }

    [Fact]
    public async Task What_the_registry_refuses_is_told_with_what_to_do()
    {
        using var folder = new AccessFolder();
        await using var registry = await StartAsync(folder, AuthenticationKind.Basic);
        var host = Host(registry);
        await LogInAsync(host, "bob");
        Assert.Equal(
            new CommandRun(1, "", $"registry: user bob may not pull, push and delete team/app, or push to public/new, at {host}; the access rules of the registry deny it\n"),
            await CommandAsync("repository", "rename", $"{host}/team/app", "public/new"));
        Assert.Equal(
            new CommandRun(1, "", $"registry: user bob may not pull and delete team/app at {host}; the access rules of the registry deny it\n"),
            await CommandAsync("repository", "delete", $"{host}/team/app", "--yes"));
        await LogInAsync(host, "admin");
        Assert.Equal(
            new CommandRun(1, "", $"registry: {host}: the repository cannot be renamed: there is a repository public/app\n"),
            await CommandAsync("repository", "rename", $"{host}/team/app", "public/app"));
    }

    [Fact]
    public async Task JSON_is_that_of_the_API()
    {
        await using var registry = await TestRegistry.StartAsync();
        await registry.Client.PushAsync("team/app", TestImage.Create(), "latest");
        var renamed = JsonElement.Parse((await CommandAsync("repository", "rename", "team/app", "team/new", "--server", Url(registry), "--json")).Output);
        Assert.Equal(("team/new", "team/app"), (renamed.GetProperty("repository").GetString(), renamed.GetProperty("previous").GetString()));
        var deleted = JsonElement.Parse((await CommandAsync("repository", "delete", "team/new", "--server", Url(registry), "--json", "--yes")).Output);
        Assert.Equal((1, true), (deleted.GetProperty("manifests").GetInt32(), deleted.GetProperty("gone").GetBoolean()));
    }

    // More than a part; and processes of their own.
    [Fact]
    public async Task A_deleted_repository_is_restored_with_one_command_after_a_restart()
    {
        using var folder = new TemporaryFolder();
        var lost = TestBlob.Random(100);
        var images = Enumerable.Range(0, 105).Select(_ => TestImage.Create(layers: 0)).ToList();
        await using (var registry = await RegistryProcess.StartAsync(folder.Path))
        {
            using var client = new HttpClient { BaseAddress = registry.BaseAddress };
            foreach (var (image, i) in images.Select((image, i) => (image, i)))
            {
                await client.PushAsync("team/old", image, $"v{i}");
            }

            await client.PushAsync("team/old", TestImage.Index(images[..2]), "multi");
            await client.PushAsync("team/old", TestImage.Of([lost]), "lost");
            await RunAsync(registry, "repository", "delete", "team/old", "--yes");
            Check.Status(202, await client.RequestAsync("DELETE", $"/v2/team/old/blobs/{lost.Digest}"));
            Assert.Equal(0, await registry.StopAsync());
        }

        await using (var registry = await RegistryProcess.StartAsync(folder.Path))
        {
            using var client = new HttpClient { BaseAddress = registry.BaseAddress };
            var latest = await client.PushAsync("team/old", TestImage.Create(), "v7");

            var (code, output) = await RunAsync(registry, "repository", "restore", "team/old");

            Assert.Equal(1, code);
            Assert.Contains("team/old: 106 manifests restored with 105 tags\n", output, StringComparison.Ordinal);
            Assert.Contains(
                $"tag v7 was left alone: it refers to {latest.Digest} now; 'registry tag rollback team/old:v7 --to {images[7].Digest}' sets it back\n", output, StringComparison.Ordinal);
            Assert.Matches($"registry: team/old@sha256:[0-9a-f]{{64}} was not restored: the blob {lost.Digest} is gone; push it again\n", output);
            Assert.Contains("registry: 1 manifest stayed in the trash; remove the causes, and repeat the command for the rest\n", output, StringComparison.Ordinal);
            Check.Status(200, await client.GetAnswerAsync("/v2/team/old/manifests/multi"));
            Check.Status(200, await client.GetAnswerAsync("/v2/team/old/manifests/v104"));

            await client.PushBlobAsync("team/old", lost);
            Assert.Equal((0, "team/old: 1 manifest restored with 1 tag\n"), await RunAsync(registry, "repository", "restore", "team/old"));
            Assert.Equal(
                (0, "team/old: nothing to restore: no manifest in its trash was deleted with the whole repository; 'registry trash ls team/old' lists what was deleted alone\n"),
                await RunAsync(registry, "repository", "restore", "team/old"));
            (code, output) = await RunAsync(registry, "repository", "restore", "team/none");
            Assert.Equal((1, true), (code, output.Contains("there is no repository team/none", StringComparison.Ordinal)));
        }

        async Task<(int, string)> RunAsync(RegistryProcess registry, params string[] arguments)
        {
            var (exitCode, output) = await RegistryProcess.RunAsync(
                $"{string.Join(' ', arguments)} --server {registry.BaseAddress.AbsoluteUri.TrimEnd('/')}", _docker.Path, new Dictionary<string, string?> { ["DOCKER_CONFIG"] = _docker.Path }, TestContext.Current.CancellationToken);
            return (exitCode, $"{output}\n");
        }
    }

    [Theory]
    [InlineData("repository", "'registry repository' needs one of rename, delete, restore. See 'registry repository --help'.")]
    [InlineData(
        "repository rename team/app:1 team/new",
        "'team/app:1' does not name a repository; write it like team/app or registry.example.com/team/app, without a tag. See 'registry repository rename --help'.")]
    [InlineData("repository rename team/app Team", "'Team' is not a repository name; write it like team/app. See 'registry repository rename --help'.")]
    [InlineData("repository delete app --server localhost", "--server is 'localhost'; allowed: http:// or https:// with a host, for example http://localhost:15000")]
    public async Task Wrong_usage_is_one_line_that_says_what_is_right(string arguments, string message) =>
        Assert.Equal(new CommandRun(2, "", $"registry: {message}\n"), await CommandAsync(arguments.Split(' ')));

    private static string Url(TestRegistry registry) => registry.Host.Addresses[0].TrimEnd('/');

    private static string Host(TestRegistry registry) => new Uri(Url(registry)).Authority;

    private static async Task<TestRegistry> StartAsync(AccessFolder folder, AuthenticationKind kind)
    {
        var registry = await TestRegistry.StartAsync(options => folder.Configure(options, kind));
        using var admin = new HttpClient { BaseAddress = registry.Client.BaseAddress };
        admin.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("admin").Item2);
        var image = TestImage.Create();
        await admin.PushAsync("team/app", image, "v1");
        await admin.PushAsync("team/app", image, "v2");
        await admin.PushAsync("public/app", image, "v1");
        return registry;
    }

    // As docker writes it.
    private Task LogInAsync(string host, string user) => File.WriteAllTextAsync(
        Path.Combine(_docker.Path, "config.json"),
        $$$$"""{"auths":{"{{{{host}}}}":{"auth":"{{{{Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{AccessFolder.Password(user)}"))}}}}"}}}""");

    private Task<CommandRun> CommandAsync(params string[] arguments) =>
        CommandRun.OfAsync(new Dictionary<string, string> { ["DOCKER_CONFIG"] = _docker.Path }, arguments);

    private Task<CommandRun> TypeAsync(string typed, string[] arguments) => CommandRun.OfAsync(
        new Dictionary<string, string> { ["DOCKER_CONFIG"] = _docker.Path },
        new Terminal { OpenText = () => new StringReader(typed), ReadKey = () => throw new NotSupportedException("A line is read.") },
        arguments);
}
