using Registry.Interop.Tests.Docker;
using Registry.Testing;

namespace Registry.Interop.Tests.Access;

[Collection(nameof(DockerEngine))]
public sealed class DockerAccessTests(DockerEngine engine, AccessRegistries registries)
{
    private const string Unauthorized = "unauthorized: authentication required";
    private const string Denied = "denied: access forbidden";

    [Theory]
    [InlineData(Login.Basic)]
    [InlineData(Login.BuiltInToken)]
    [InlineData(Login.ExternalToken)]
    public async Task Docker_logs_in_pushes_and_pulls_and_others_are_denied(Login login)
    {
        _ = engine.Docker;
        AccessRegistry registry = await registries.GetAsync(login);
        string image = $"{registry.HostPort}/team/docker:1";
        string payload = await engine.ImportAsync(image);
        string id = await engine.IdAsync(image);
        string alice = await LogInAsync(registry, AccessRegistry.Alice);
        string reader = await LogInAsync(registry, AccessRegistry.Reader);
        string bob = await LogInAsync(registry, AccessRegistry.Bob);

        _ = await As(alice, "push", image);
        AssertRefused(Denied, await TryAs(reader, "push", image));
        await ForgetAsync(image);
        AssertRefused(Denied, await TryAs(bob, "pull", image));
        _ = await As(reader, "pull", image);

        Assert.Equal(id, await engine.IdAsync(image));
        Assert.StartsWith(payload, await engine.RunAsync(image), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Login.Basic)]
    [InlineData(Login.BuiltInToken)]
    [InlineData(Login.ExternalToken)]
    public async Task Docker_cannot_log_in_with_a_wrong_password(Login login)
    {
        Command docker = engine.Docker;
        AccessRegistry registry = await registries.GetAsync(login);

        CommandResult result = await docker.TryRunAsync(
            "--config", NewConfig(), "login", "-u", AccessRegistry.Alice, "-p", "wrong", registry.HostPort);

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("unauthorized", result.AllOutput, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Login Succeeded", result.AllOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Docker_pulls_public_images_logged_out_and_pushes_logged_in_with_the_built_in_token_service()
    {
        _ = engine.Docker;
        AccessRegistry registry = await registries.GetAsync(Login.BuiltInToken);
        string open = $"{registry.HostPort}/public/x:1";
        string closed = $"{registry.HostPort}/team/x:1";
        string loggedOut = NewConfig();
        _ = await engine.ImportAsync(open);
        _ = await engine.Docker.RunAsync("tag", open, closed);
        string id = await engine.IdAsync(open);

        AssertRefused(Unauthorized, await TryAs(loggedOut, "push", open));
        string alice = await LogInAsync(registry, AccessRegistry.Alice);
        _ = await As(alice, "push", open);
        // The layer is in the other repository already.
        CommandResult push = await As(alice, "push", closed);
        Assert.Contains("Mounted from public/x", push.StandardOutput, StringComparison.Ordinal);

        await ForgetAsync(open, closed);
        AssertRefused(Unauthorized, await TryAs(loggedOut, "pull", closed));
        _ = await As(loggedOut, "pull", open);
        Assert.Equal(id, await engine.IdAsync(open));
        AssertRefused(Unauthorized, await TryAs(loggedOut, "push", open));

        await ForgetAsync(open);
        _ = await As(alice, "logout", registry.HostPort);
        AssertRefused(Unauthorized, await TryAs(alice, "pull", closed));
    }

    [Theory]
    [InlineData(Login.Basic)]
    [InlineData(Login.BuiltInToken)]
    public async Task Docker_as_a_user_made_by_apache_pushes_until_the_user_is_removed(Login login)
    {
        _ = engine.Docker;
        AccessRegistry registry = await registries.GetAsync(login);
        string image = $"{registry.HostPort}/team/revoked:1";
        _ = await engine.ImportAsync(image);
        await registry.AddUserWithApacheAsync("carol");
        string carol = NewConfig();
        await Eventually.HoldsAsync(async () => (await TryLogInAsync(registry, "carol", carol)).ExitCode == 0, "carol logs in");
        _ = await As(carol, "push", image);

        await registry.RemoveUserAsync("carol");

        await Eventually.HoldsAsync(async () => (await TryAs(carol, "pull", image)).ExitCode != 0, "carol cannot pull");
        AssertRefused("unauthorized", await TryAs(carol, "pull", image));
        AssertRefused("unauthorized", await TryAs(carol, "push", image));
        Assert.NotEqual(0, (await TryLogInAsync(registry, "carol", NewConfig())).ExitCode);
    }

    [Theory]
    [InlineData(Login.Basic)]
    [InlineData(Login.BuiltInToken)]
    [InlineData(Login.ExternalToken)]
    public async Task The_server_never_prints_a_password(Login login)
    {
        _ = engine.Docker;
        AccessRegistry registry = await registries.GetAsync(login);
        string password = AccessRegistry.PasswordOf(AccessRegistry.Alice);
        string basic = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{AccessRegistry.Alice}:{password}"));

        string alice = await LogInAsync(registry, AccessRegistry.Alice);
        _ = await TryAs(alice, "pull", $"{registry.HostPort}/team/none:1");

        Assert.Contains("/v2/", registry.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(password, registry.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(basic, registry.Output, StringComparison.Ordinal);
    }

    private static void AssertRefused(string message, CommandResult result)
    {
        Assert.NotEqual(0, result.ExitCode);
        Assert.True(result.AllOutput.Contains(message, StringComparison.Ordinal), $"Without '{message}':\n{result.AllOutput}");
    }

    private string NewConfig() => engine.Folder.Folder("configs", $"{Guid.NewGuid():n}");

    /// <returns>The folder that holds the login.</returns>
    private async Task<string> LogInAsync(AccessRegistry registry, string user)
    {
        string config = NewConfig();
        CommandResult result = await TryLogInAsync(registry, user, config);
        Assert.Contains("Login Succeeded", result.AllOutput, StringComparison.Ordinal);
        return config;
    }

    private Task<CommandResult> TryLogInAsync(AccessRegistry registry, string user, string config) =>
        TryAs(config, "login", "-u", user, "-p", AccessRegistry.PasswordOf(user), registry.HostPort);

    private Task<CommandResult> As(string config, params string[] arguments) => engine.Docker.RunAsync(["--config", config, .. arguments]);

    private Task<CommandResult> TryAs(string config, params string[] arguments) => engine.Docker.TryRunAsync(["--config", config, .. arguments]);

    private async Task ForgetAsync(params string[] images) => _ = await engine.Docker.RunAsync(["rmi", "--force", .. images]);
}
