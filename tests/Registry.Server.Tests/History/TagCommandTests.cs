using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using Registry.Core.Access;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Commands;

namespace Registry.Server.Tests.History;

/// <summary><c>registry tag …</c>: a program of its own, with the login that docker has stored, against a running registry.</summary>
[SupportedOSPlatform("linux")]
public sealed class TagCommandTests : IDisposable
{
    private readonly TemporaryFolder _docker = new("docker-config");
    private readonly TestImage _first = TestImage.Create();
    private readonly TestImage _second = TestImage.Create();

    public static TheoryData<AuthenticationKind> Kinds => new(AuthenticationKind.Basic, AuthenticationKind.BuiltInToken);

    public void Dispose() => _docker.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_push_is_found_undone_and_seen_as_undone_by_the_program_itself(AuthenticationKind kind)
    {
        using var folder = new AccessFolder();
        await using var registry = await StartAsync(folder, kind);
        var image = $"{Host(registry)}/team/app:latest";
        await LogInAsync(Host(registry), "admin");

        var (code, output) = await RunAsync($"tag history {image}");
        Assert.True(code == 0, output);
        var lines = output.TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Matches("^TIME +DIGEST +BEFORE +BY +FROM$", lines[0]);
        Assert.Matches($"^20[0-9-]+T[0-9:.]+Z +{_second.Digest} +{_first.Digest[..19]} +alice +127.0.0.1, pusher/1, request [0-9a-f]{{16}}$", lines[1]);
        Assert.Matches($"^20[0-9-]+T[0-9:.]+Z +{_first.Digest} +- +alice +127.0.0.1, pusher/1, request [0-9a-f]{{16}}$", lines[2]);

        Assert.Equal(
            (0, $"team/app:latest refers to {_first.Digest} now, and not to {_second.Digest} any more\n"), await RunAsync($"tag rollback {image} --if-match {_second.Digest}"));
        Assert.Equal(
            (1, $"registry: nothing was changed at {Host(registry)}: the tag does not refer to the manifest of --if-match any more\n"),
            await RunAsync($"tag rollback {image} --if-match {_second.Digest}"));
        Assert.Equal((0, $"team/app:latest refers to {_first.Digest} already; nothing was changed\n"), await RunAsync($"tag rollback {image} --to {_first.Digest}"));

        (code, output) = await RunAsync($"tag show {image}");
        Assert.True(code == 0, output);
        Assert.Matches(
            $"^digest  {_first.Digest}\nsince   20[0-9-]+T[0-9:.]+Z by admin from 127.0.0.1, registry/[0-9.]+, request [0-9a-f]{{16}}; before: {_second.Digest}\n$", output);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_the_registry_refuses_is_told_with_what_to_do(AuthenticationKind kind)
    {
        using var folder = new AccessFolder();
        await using var registry = await StartAsync(folder, kind);
        var host = Host(registry);
        var config = Path.Combine(_docker.Path, "config.json");

        await FailsAsync($"tag history {host}/team/app:latest", $"{host} needs a login; run 'docker login {host}' first");
        await LogInAsync(host, "alice", "wrong");
        await FailsAsync(
            $"tag history {host}/team/app:latest", $"{host} does not accept the login of user alice from {config}; run 'docker login {host}' again");
        await LogInAsync(host, "bob");
        await FailsAsync(
            $"tag history {host}/team/app:latest", $"user bob may not pull team/app at {host}; the access rules of the registry deny it");
        await FailsAsync(
            $"tag rollback {host}/public/app:latest", $"user bob may not pull and push public/app at {host}; the access rules of the registry deny it");
        await LogInAsync(host, "alice");
        await FailsAsync(
            $"tag history {host}/team/nothing:latest", $"{host}: manifest unknown: the repository team/nothing has no tag latest, and no history of it");
        await FailsAsync(
            $"tag rollback {host}/team/app:latest --at 2001-01-01T00:00Z",
            $"{host}: the tag cannot be set back: there was no tag latest at 2001-01-01 00:00:00.000 UTC, and a rollback deletes none");
    }

    [Fact]
    public async Task Another_user_than_an_admin_sees_no_addresses()
    {
        using var folder = new AccessFolder();
        await using var registry = await StartAsync(folder, AuthenticationKind.BuiltInToken);
        await LogInAsync(Host(registry), "alice");

        var run = await CommandAsync("tag", "history", "team/app:latest", "--server", Url(registry));

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Matches("^TIME +DIGEST +BEFORE +BY\n", run.Output);
        Assert.DoesNotContain("127.0.0.1", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_public_repository_needs_no_login()
    {
        using var folder = new AccessFolder();
        foreach (var kind in new[] { AuthenticationKind.Basic, AuthenticationKind.BuiltInToken })
        {
            await using var registry = await StartAsync(folder, kind);
            var run = await CommandAsync("tag", "show", $"{Host(registry)}/public/app:latest");
            Assert.Equal((0, ""), (run.ExitCode, run.Error));
            Assert.StartsWith($"digest  {_first.Digest}\n", run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_credential_helper_and_a_stored_token_are_logins_too()
    {
        using var folder = new AccessFolder();
        await using var registry = await StartAsync(folder, AuthenticationKind.BuiltInToken);
        var host = Host(registry);
        var token = (await registry.Client.GetAnswerAsync("/token?offline_token=true", AccessFolder.Basic("alice"))).Json.GetProperty("refresh_token").GetString();
        await WriteConfigAsync($$$$"""{"auths":{"http://{{{{host}}}}/v1/":{"auth":"{{{{Base64("<token>:")}}}}","identitytoken":"{{{{token}}}}"}}}""");
        Assert.Equal(0, (await CommandAsync("tag", "show", $"{host}/team/app:latest")).ExitCode);

        // The program gets the name of the registry on its standard input.
        var helper = Path.Combine(_docker.Path, "docker-credential-test");
        await File.WriteAllTextAsync(helper, $$"""
            #!/bin/sh
            read -r server
            if [ "$1 $server" = "get {{host}}" ]; then echo '{"ServerURL":"{{host}}","Username":"alice","Secret":"{{AccessFolder.Password("alice")}}"}'; exit 0; fi
            echo 'credentials not found in native keychain'; exit 1
            """);
        File.SetUnixFileMode(helper, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var path = new Dictionary<string, string?> { ["PATH"] = $"{_docker.Path}:{Environment.GetEnvironmentVariable("PATH")}" };
        foreach (var config in new[] { """{"credsStore":"test"}""", $$$"""{"credsStore":"missing","credHelpers":{"{{{host}}}":"test"}}""" })
        {
            await WriteConfigAsync(config);
            var (code, output) = await RunAsync($"tag show {host}/team/app:latest", path);
            Assert.True(code == 0, output);
        }

        await WriteConfigAsync("""{"credsStore":"test"}""");
        Assert.Equal(
            (1, $"registry: localhost:{new Uri(Url(registry)).Port} needs a login; run 'docker login localhost:{new Uri(Url(registry)).Port}' first\n"),
            await RunAsync($"tag show localhost:{new Uri(Url(registry)).Port}/team/app:latest", path));
        await WriteConfigAsync("""{"credsStore":"missing"}""");
        await FailsAsync(
            $"tag show {host}/team/app:latest",
            $"{Path.Combine(_docker.Path, "config.json")} names the credential helper docker-credential-missing, which cannot be started; install it, or remove it from the file and log in again");
    }

    [Fact]
    public async Task JSON_is_that_of_the_API_and_pages_are_joined()
    {
        await using var registry = await TestRegistry.StartAsync();
        for (var i = 0; i < 12; i++)
        {
            await registry.Client.PushAsync("team/app", i % 2 == 0 ? _first : _second, "latest");
        }

        Assert.Equal(12, await CountAsync("--limit", "30"));
        Assert.Equal(12, await CountAsync("--limit", "12"));
        Assert.Equal(5, await CountAsync("--limit", "5"));
        var cut = await CommandAsync("tag", "history", "team/app:latest", "--server", Url(registry), "--limit", "5");
        Assert.Equal((0, "registry: older changes are left out; --limit shows more than 5\n"), (cut.ExitCode, cut.Error));

        var rollback = JsonElement.Parse((await CommandAsync("tag", "rollback", "team/app:latest", "--server", Url(registry), "--json")).Output);
        Assert.Equal((_first.Digest, _second.Digest), (rollback.GetProperty("digest").GetString(), rollback.GetProperty("previous").GetString()));
        var state = JsonElement.Parse((await CommandAsync("tag", "show", "team/app:latest", "--server", Url(registry), "--json")).Output);
        Assert.Equal(_first.Digest, state.GetProperty("digest").GetString());

        async Task<int> CountAsync(params string[] limit) => JsonElement.Parse(
            (await CommandAsync(["tag", "history", "team/app:latest", "--server", Url(registry), "--json", .. limit])).Output).GetProperty("entries").GetArrayLength();
    }

    [Fact]
    public async Task A_deleted_tag_is_shown_as_such_and_brought_back()
    {
        await using var registry = await TestRegistry.StartAsync();
        await registry.Client.PushAsync("team/app", _first, "latest");
        Check.Status(202, await registry.Client.RequestAsync("DELETE", "/v2/team/app/manifests/latest"));

        var show = await CommandAsync("tag", "show", "team/app:latest", "--server", Url(registry));
        Assert.Equal(1, show.ExitCode);
        Assert.StartsWith("digest  none: there was no such tag\nsince   ", show.Output, StringComparison.Ordinal);
        var history = await CommandAsync("tag", "history", "team/app:latest", "--server", Url(registry));
        Assert.Matches($"Z  deleted +{_first.Digest[..19]}  anonymous\n", history.Output);
        var rollback = await CommandAsync("tag", "rollback", "team/app:latest", "--server", Url(registry));
        Assert.Equal(new CommandRun(0, $"team/app:latest refers to {_first.Digest} now; before, there was no such tag\n", ""), rollback);
    }

    [Fact]
    public async Task The_registry_of_the_settings_is_asked_by_default()
    {
        await using var registry = await TestRegistry.StartAsync();
        await registry.Client.PushAsync("team/app", _first, "latest");

        Assert.Equal(0, (await CommandAsync("tag", "show", "team/app:latest", "--port", $"{new Uri(Url(registry)).Port}")).ExitCode);
        Assert.Equal(0, (await CommandAsync("tag", "show", "team/app:latest", "--external-url", Url(registry))).ExitCode);
        Assert.Equal(0, (await CommandAsync("tag", "show", "team/app:latest", "--host", "127.0.0.1", "--port", $"{new Uri(Url(registry)).Port}")).ExitCode);
    }

    [Fact]
    public async Task A_registry_that_does_not_answer_is_named_with_the_reason()
    {
        var port = FreePorts.Find(1)[0];
        await FailsAsync(
            $"tag show localhost:{port}/team/app:latest",
            $"http://localhost:{port} cannot be reached: Connection refused. Check that the registry runs there, or pass its address with --server");
        await using var registry = await TestRegistry.StartAsync();
        var run = await CommandAsync("tag", "show", "team/app:latest", "--server", Url(registry).Replace("http:", "https:", StringComparison.Ordinal));
        Assert.StartsWith($"registry: no TLS connection to {Url(registry).Replace("http:", "https:", StringComparison.Ordinal)}: ", run.Error, StringComparison.Ordinal);
        Assert.EndsWith("if the registry has no TLS, pass its address with --server http://…\n", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tag", "'registry tag' needs one of history, show, rollback. See 'registry tag --help'.")]
    [InlineData("tag history team/app", "'team/app' does not name a tag; write it like team/app:1.0 or registry.example.com/team/app:1.0. See 'registry tag history --help'.")]
    [InlineData("tag history Team:1", "'Team:1' does not name a tag; write it like team/app:1.0 or registry.example.com/team/app:1.0. See 'registry tag history --help'.")]
    [InlineData("tag history a:1 --limit 0", "--limit is '0'; allowed: a whole number of 1 or more. See 'registry tag history --help'.")]
    [InlineData("tag show a:1 --at noon", "'noon' is not a time with its offset from UTC; write it like 2026-11-26T18:00Z or 2026-11-26T18:00:00+01:00. See 'registry tag show --help'.")]
    [InlineData("tag rollback a:1 --to 12", "'12' is not a digest; write it like sha256:e3b0c442…, with all 64 digits. See 'registry tag rollback --help'.")]
    [InlineData(
        "tag rollback a:1 --at 2026-11-26T18:00Z --to sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "--to and --at cannot be combined. See 'registry tag rollback --help'.")]
    [InlineData("tag show a:1 --server localhost", "--server is 'localhost'; allowed: http:// or https:// with a host, for example http://localhost:15000")]
    [InlineData("tag show a:1 --server http://localhost/v2", "--server is 'http://localhost/v2'; allowed: http:// or https:// with a host, for example http://localhost:15000")]
    [InlineData("tag show b:5000/a:1 --server http://localhost", "the image is on b:5000, and --server is localhost; name one of them")]
    [InlineData("tag show a:1 --port 0", "REGISTRY_PORT is 0, so the port of the running registry is unknown; pass its address with --server")]
    public async Task Wrong_usage_is_one_line_that_says_what_is_right(string arguments, string message) =>
        Assert.Equal(new CommandRun(2, "", $"registry: {message}\n"), await CommandAsync(arguments.Split(' ')));

    private static string Url(TestRegistry registry) => registry.Host.Addresses[0].TrimEnd('/');

    private static string Host(TestRegistry registry) => new Uri(Url(registry)).Authority;

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private async Task<TestRegistry> StartAsync(AccessFolder folder, AuthenticationKind kind)
    {
        var registry = await TestRegistry.StartAsync(options => folder.Configure(options, kind));
        using var client = new HttpClient { BaseAddress = registry.Client.BaseAddress };
        client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", "pusher/1");
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("alice").Item2);
        await client.PushAsync("team/app", _first, "latest");
        await client.PushAsync("team/app", _second, "latest");
        client.DefaultRequestHeaders.Remove("Authorization");
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("admin").Item2);
        await client.PushAsync("public/app", _first, "latest");
        return registry;
    }

    // As docker writes it.
    private Task LogInAsync(string host, string user, string? password = null) =>
        WriteConfigAsync($$$$"""{"auths":{"{{{{host}}}}":{"auth":"{{{{Base64($"{user}:{password ?? AccessFolder.Password(user)}")}}}}"}}}""");

    private Task WriteConfigAsync(string json) => File.WriteAllTextAsync(Path.Combine(_docker.Path, "config.json"), json);

    private async Task FailsAsync(string command, string message) => Assert.Equal((1, $"registry: {message}\n"), await RunAsync(command));

    private async Task<(int ExitCode, string Output)> RunAsync(string command, IReadOnlyDictionary<string, string?>? more = null)
    {
        var environment = new Dictionary<string, string?>(more ?? new Dictionary<string, string?>()) { ["DOCKER_CONFIG"] = _docker.Path };
        var (exitCode, output) = await RegistryProcess.RunAsync(command, _docker.Path, environment, TestContext.Current.CancellationToken);
        return (exitCode, $"{output}\n");
    }

    private Task<CommandRun> CommandAsync(params string[] arguments) =>
        CommandRun.OfAsync(new Dictionary<string, string> { ["DOCKER_CONFIG"] = _docker.Path }, arguments);
}
