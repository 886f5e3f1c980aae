using System.Text;
using System.Text.Json;
using Registry.Core.Access;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Commands;

namespace Registry.Server.Tests.Space;

/// <summary><c>registry space</c> against a running registry.</summary>
public sealed class SpaceCommandTests : IDisposable
{
    private readonly TemporaryFolder _docker = new("docker-config");
    private readonly TestImage _image = TestImage.Create(layerSize: 100_000);

    public void Dispose() => _docker.Dispose();

    [Fact]
    public async Task The_table_has_the_sums_and_the_largest_repositories_first()
    {
        await using var registry = await SpaceRegistry.StartAsync();
        await registry.Client.PushAsync("a/small", TestImage.Create(layerSize: 2000), "v1");
        await registry.Client.PushAsync("team/app", _image, "v1", "latest");
        await registry.AwaitSpaceAsync();

        var run = await CommandAsync("space", "--server", Url(registry));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Matches(
            """
            ^stored +\d+\.\d KiB  each blob and manifest counted once
              unique +\d+\.\d KiB  of one repository
              shared +0 B +of several repositories
              trash +0 B +only of deleted manifests that can be restored
              unreferenced +0 B +of no manifest; collected after the grace period
            uploads +0 B +received, and not stored yet
            referred +\d+\.\d KiB  without sharing

            REPOSITORY  REFERRED  UNIQUE    SHARED  TRASH
            team/app    9\d\.\d KiB  9\d\.\d KiB  0 B     0 B
            a/small     \d\.\d KiB   \d\.\d KiB   0 B     0 B

            as of 20\S+Z\s$
            """.ReplaceLineEndings("\n"),
            run.Output);

        var cut = await CommandAsync("space", "--server", Url(registry), "--limit", "1", "--json");
        Assert.Equal((0, "registry: 1 smaller repositories are left out; --limit shows more than 1\n"), (cut.ExitCode, cut.Error));
        Assert.Equal("team/app", Assert.Single(JsonElement.Parse(cut.Output).GetProperty("repositories").EnumerateArray()).GetProperty("repository").GetString());
    }

    [Fact]
    public async Task The_tags_of_a_repository_are_listed_with_their_digests()
    {
        await using var registry = await SpaceRegistry.StartAsync();
        await registry.Client.PushAsync("team/app", _image, "v1", "latest");
        await registry.AwaitSpaceAsync();

        var run = await CommandAsync("space", $"{new Uri(Url(registry)).Authority}/team/app");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Matches($"\nTAG     REFERRED  UNIQUE    DIGEST\nlatest  (\\S+ KiB)  \\1  {_image.Digest}\nv1      \\1  \\1  {_image.Digest}\n$", run.Output);
        Assert.Equal(
            "registry: 1 smaller tags are left out; --limit shows more than 1\n",
            (await CommandAsync("space", "team/app", "--server", Url(registry), "--limit", "1")).Error);
    }

    [Fact]
    public async Task The_first_figures_are_waited_for()
    {
        await using var registry = await TestRegistry.StartAsync();
        await registry.Client.PushAsync("team/app", _image, "v1");
        var run = await CommandAsync("space", "--server", Url(registry));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains("\nteam/app ", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AuthenticationKind.Basic)]
    [InlineData(AuthenticationKind.BuiltInToken)]
    public async Task The_login_of_docker_is_used_and_a_refusal_is_told(AuthenticationKind kind)
    {
        using var folder = new AccessFolder();
        await using var registry = await SpaceRegistry.StartAsync(options => folder.Configure(options, kind));
        using var pusher = new HttpClient { BaseAddress = registry.Client.BaseAddress };
        pusher.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("admin").Item2);
        await pusher.PushAsync("team/app", _image, "v1");
        var host = new Uri(Url(registry)).Authority;
        await registry.AwaitSpaceAsync(headers: AccessFolder.Basic("admin"));

        // The token service gives a caller without a login the catalog of what is public.
        var anonymous = await CommandAsync("space", "--server", Url(registry));
        Assert.Equal(
            kind == AuthenticationKind.Basic ? $"registry: {host} needs a login; run 'docker login {host}' first\n" : "", anonymous.Error);
        Assert.DoesNotContain("team/app", anonymous.Output, StringComparison.Ordinal);
        await LogInAsync(host, "admin");
        Assert.StartsWith("stored ", (await CommandAsync("space", "--server", Url(registry))).Output, StringComparison.Ordinal);
        await LogInAsync(host, "alice");
        var run = await CommandAsync("space", "--server", Url(registry));
        Assert.Matches("^REPOSITORY  REFERRED\nteam/app    \\S+ KiB\n\nas of ", run.Output);
        await LogInAsync(host, "bob");
        Assert.Equal(
            $"registry: user bob may not pull team/app at {host}; the access rules of the registry deny it\n", (await CommandAsync("space", $"{host}/team/app")).Error);
    }

    [Theory]
    [InlineData("space team/app:1.0", "'team/app:1.0' does not name a repository; write it like team/app or registry.example.com/team/app. See 'registry space --help'.")]
    [InlineData("space --limit 0", "--limit is '0'; allowed: a whole number of 1 or more. See 'registry space --help'.")]
    [InlineData("space --server localhost", "--server is 'localhost'; allowed: http:// or https:// with a host, for example http://localhost:15000")]
    public async Task Wrong_arguments_are_named(string command, string message)
    {
        var run = await CommandAsync(command.Split(' '));
        Assert.Equal((2, $"registry: {message}\n"), (run.ExitCode, run.Error));
    }

    private static string Url(TestRegistry registry) => registry.Host.Addresses[0].TrimEnd('/');

    private Task LogInAsync(string host, string user) => File.WriteAllTextAsync(
        Path.Combine(_docker.Path, "config.json"),
        $$$$"""{"auths":{"{{{{host}}}}":{"auth":"{{{{Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{AccessFolder.Password(user)}"))}}}}"}}}""");

    private Task<CommandRun> CommandAsync(params string[] arguments) =>
        CommandRun.OfAsync(new Dictionary<string, string> { ["DOCKER_CONFIG"] = _docker.Path }, arguments);
}
