using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using Registry.Core.Access;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Commands;

namespace Registry.Server.Tests.Trash;

/// <summary><c>registry trash …</c>: a program of its own, with the login that docker has stored, against a running registry.</summary>
[SupportedOSPlatform("linux")]
public sealed class TrashCommandTests : IDisposable
{
    private readonly TemporaryFolder _docker = new("docker-config");
    private readonly TestImage _image = TestImage.Create(layerSize: 3 << 20);

    public static TheoryData<AuthenticationKind> Kinds => new(AuthenticationKind.Basic, AuthenticationKind.BuiltInToken);

    public void Dispose() => _docker.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_deletion_is_found_and_undone_by_the_program_itself(AuthenticationKind kind)
    {
        using var folder = new AccessFolder();
        await using var registry = await StartAsync(folder, kind);
        var host = Host(registry);
        await LogInAsync(host, "admin");

        foreach (var command in new[] { $"trash ls {host}/team/app", $"trash ls --server {Url(registry)}" })
        {
            var (code, output) = await RunAsync(command);
            Assert.True(code == 0, output);
            var lines = output.TrimEnd().Split('\n');
            Assert.Equal(2, lines.Length);
            Assert.Matches("^IMAGE +DELETED +BY +GOES IN +SIZE +COMPLETE +TAGS +FROM$", lines[0]);
            Assert.Matches(
                $"^team/app@{_image.Digest}  20[0-9-]+T[0-9:.]+Z  alice  (7d|6d23h) +[0-9.]+ MiB  yes +latest,v1  127.0.0.1, pusher/1, request [0-9a-f]{{16}}$", lines[1]);
        }

        var next = await PushAsync(registry, "latest");
        Assert.Equal(
            (0, $"""
                team/app@{_image.Digest} is back with 1 tag: v1
                tag latest was left alone: it refers to {next.Digest} now; 'registry tag rollback team/app:latest --to {_image.Digest}' sets it back

                """),
            await RunAsync($"trash restore {host}/team/app@{_image.Digest}"));
        Assert.Equal(
            (0, "The trash of team/app is empty: nothing was deleted, or its time in the trash is over.\n"), await RunAsync($"trash ls {host}/team/app"));
        Assert.Equal(
            (1, $"registry: {host}: manifest unknown: team/app has {_image.Digest}; it is not in the trash\n"), await RunAsync($"trash restore {host}/team/app@{_image.Digest}"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_purge_says_what_is_gone_and_what_stays(AuthenticationKind kind)
    {
        using var folder = new AccessFolder();
        await using var registry = await StartAsync(folder, kind);
        var host = Host(registry);
        await LogInAsync(host, "bob");
        Assert.Equal(
            (1, $"registry: user bob may not delete team/app at {host}; the access rules of the registry deny it\n"), await RunAsync($"trash purge {host}/team/app@{_image.Digest}"));
        await LogInAsync(host, "alice");

        var (code, output) = await RunAsync($"trash purge {host}/team/app@{_image.Digest}");

        Assert.True(code == 0, output);
        Assert.StartsWith(
            $"team/app@{_image.Digest} is gone for good, with what only it held. Removed from team/app: {_image.Blobs.Count + 1} blobs and manifests\n  {_image.Digest}\n",
            output,
            StringComparison.Ordinal);
        Assert.All(_image.Blobs, blob => Assert.Contains($"\n  {blob.Digest}\n", output, StringComparison.Ordinal));
        Assert.Equal(
            (1, $"registry: {host}: manifest unknown: {_image.Digest} is not in the trash of team/app\n"), await RunAsync($"trash purge {host}/team/app@{_image.Digest}"));
    }

    [Fact]
    public async Task JSON_is_that_of_the_API_and_pages_are_joined()
    {
        await using var registry = await TestRegistry.StartAsync();
        for (var i = 0; i < 103; i++)
        {
            var image = await registry.Client.PushAsync(i % 2 == 0 ? "team/app" : "team/b", TestImage.Create(layers: 0), "latest");
            Check.Status(202, await registry.Client.RequestAsync("DELETE", $"/v2/{(i % 2 == 0 ? "team/app" : "team/b")}/manifests/{image.Digest}"));
        }

        Assert.Equal(103, await CountAsync("--limit", "200"));
        Assert.Equal(102, await CountAsync("--limit", "102"));
        Assert.Equal(52, await CountAsync("team/app", "--limit", "100"));
        var cut = await CommandAsync("trash", "ls", "team/app", "--server", Url(registry), "--limit", "5");
        Assert.Equal((0, "registry: there are more; --limit shows more than 5\n"), (cut.ExitCode, cut.Error));
        Assert.Equal(6, cut.Output.TrimEnd().Split('\n').Length);

        async Task<int> CountAsync(params string[] rest) => JsonElement.Parse(
            (await CommandAsync(["trash", "ls", "--server", Url(registry), "--json", .. rest])).Output).GetProperty("entries").GetArrayLength();
    }

    [Theory]
    [InlineData("trash", "'registry trash' needs one of ls, restore, purge. See 'registry trash --help'.")]
    [InlineData("trash ls team/app:1.0", "'team/app:1.0' does not name a repository; write it like team/app or registry.example.com/team/app. See 'registry trash ls --help'.")]
    [InlineData("trash ls --limit 0", "--limit is '0'; allowed: a whole number of 1 or more. See 'registry trash ls --help'.")]
    [InlineData(
        "trash restore team/app",
        "'team/app' does not name a manifest by its digest; write it like team/app@sha256:e3b0c442…, with all 64 digits. 'registry trash ls' lists the digests. See 'registry trash restore --help'.")]
    [InlineData(
        "trash purge team/app:1.0",
        "'team/app:1.0' does not name a manifest by its digest; write it like team/app@sha256:e3b0c442…, with all 64 digits. 'registry trash ls' lists the digests. See 'registry trash purge --help'.")]
    [InlineData("trash ls --server localhost", "--server is 'localhost'; allowed: http:// or https:// with a host, for example http://localhost:15000")]
    [InlineData("trash ls --port 0", "REGISTRY_PORT is 0, so the port of the running registry is unknown; pass its address with --server")]
    public async Task Wrong_usage_is_one_line_that_says_what_is_right(string arguments, string message) =>
        Assert.Equal(new CommandRun(2, "", $"registry: {message}\n"), await CommandAsync(arguments.Split(' ')));

    private static string Url(TestRegistry registry) => registry.Host.Addresses[0].TrimEnd('/');

    private static string Host(TestRegistry registry) => new Uri(Url(registry)).Authority;

    private static HttpClient Client(TestRegistry registry)
    {
        var client = new HttpClient { BaseAddress = registry.Client.BaseAddress };
        client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", "pusher/1");
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("alice").Item2);
        return client;
    }

    private static async Task<TestImage> PushAsync(TestRegistry registry, string tag)
    {
        using var client = Client(registry);
        return await client.PushAsync("team/app", TestImage.Create(), tag);
    }

    private async Task<TestRegistry> StartAsync(AccessFolder folder, AuthenticationKind kind)
    {
        var registry = await TestRegistry.StartAsync(options => folder.Configure(options, kind));
        using var client = Client(registry);
        await client.PushAsync("team/app", _image, "latest");
        Check.Status(201, await client.PutManifestAsync("team/app", "v1", _image));
        Check.Status(202, await client.RequestAsync("DELETE", $"/v2/team/app/manifests/{_image.Digest}"));
        return registry;
    }

    // As docker writes it.
    private Task LogInAsync(string host, string user) => File.WriteAllTextAsync(
        Path.Combine(_docker.Path, "config.json"),
        $$$$"""{"auths":{"{{{{host}}}}":{"auth":"{{{{Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{AccessFolder.Password(user)}"))}}}}"}}}""");

    private async Task<(int ExitCode, string Output)> RunAsync(string command)
    {
        var environment = new Dictionary<string, string?> { ["DOCKER_CONFIG"] = _docker.Path };
        var (exitCode, output) = await RegistryProcess.RunAsync(command, _docker.Path, environment, TestContext.Current.CancellationToken);
        return (exitCode, $"{output}\n");
    }

    private Task<CommandRun> CommandAsync(params string[] arguments) =>
        CommandRun.OfAsync(new Dictionary<string, string> { ["DOCKER_CONFIG"] = _docker.Path }, arguments);
}
