using System.Formats.Tar;
using Registry.Interop.Tests.Containerd;
using Registry.Interop.Tests.Containers;
using Registry.Testing;
using Registry.Testing.Layouts;

namespace Registry.Interop.Tests.Access;

/// <summary>podman, skopeo and containerd's ctr, each with its own way of sending a password.</summary>
public sealed class CommandLineAccessTests(ContainersHome home, ContainerdEngine engine, AccessRegistries registries)
    : IClassFixture<ContainersHome>, IClassFixture<ContainerdEngine>, IDisposable
{
    private const string Forbidden = "access forbidden";
    private const string Snapshotter = "native";

    private readonly TemporaryFolder _folder = new("clients");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Login.Basic)]
    [InlineData(Login.BuiltInToken)]
    [InlineData(Login.ExternalToken)]
    public async Task Podman_logs_in_pushes_and_pulls_and_others_are_denied(Login login)
    {
        Command podman = home.Podman;
        Requires.StaticBusybox();
        AccessRegistry registry = await registries.GetAsync(login);
        string image = $"{registry.HostPort}/team/podman:1";
        string archive = home.Folder.File("root.tar");
        await File.WriteAllBytesAsync(archive, TarArchive.RootFileSystem(TarArchive.RandomPayload()), TestContext.Current.CancellationToken);
        _ = await podman.RunAsync("import", archive, image);
        string alice = await LogInAsync(podman, registry, AccessRegistry.Alice);
        string reader = await LogInAsync(podman, registry, AccessRegistry.Reader);
        string bob = await LogInAsync(podman, registry, AccessRegistry.Bob);

        _ = await podman.RunAsync("push", "--tls-verify=false", "--authfile", alice, image);
        AssertFailed(Forbidden, await podman.TryRunAsync("push", "--tls-verify=false", "--authfile", reader, image));
        _ = await podman.RunAsync("rmi", "--force", image);
        AssertFailed(Forbidden, await podman.TryRunAsync("pull", "--tls-verify=false", "--authfile", bob, image));
        _ = await podman.RunAsync("pull", "--tls-verify=false", "--authfile", reader, image);

        AssertFailed("invalid username/password", await TryLogInAsync(podman, registry, AccessRegistry.Alice, "wrong", AuthFile()));
    }

    [Theory]
    [InlineData(Login.Basic)]
    [InlineData(Login.BuiltInToken)]
    [InlineData(Login.ExternalToken)]
    public async Task Skopeo_logs_in_copies_both_ways_and_others_are_denied(Login login)
    {
        Command skopeo = home.Skopeo;
        AccessRegistry registry = await registries.GetAsync(login);
        var sample = SampleImage.Runnable();
        string source = sample.WriteTo(_folder.Folder("layout"));
        string image = $"docker://{registry.HostPort}/team/skopeo:1";
        string alice = await LogInAsync(skopeo, registry, AccessRegistry.Alice);
        string reader = await LogInAsync(skopeo, registry, AccessRegistry.Reader);
        string bob = await LogInAsync(skopeo, registry, AccessRegistry.Bob);

        _ = await skopeo.RunAsync("copy", "--dest-tls-verify=false", "--authfile", alice, source, image);
        AssertFailed(Forbidden, await skopeo.TryRunAsync("copy", "--dest-tls-verify=false", "--authfile", reader, source, image + "-reader"));
        AssertFailed(Forbidden, await skopeo.TryRunAsync("inspect", "--tls-verify=false", "--authfile", bob, image));
        _ = await skopeo.RunAsync("copy", "--src-tls-verify=false", "--authfile", reader, image, $"oci:{_folder.Path}/copy:1");
        sample.AssertHeldIn(Path.Combine(_folder.Path, "copy"));

        AssertFailed("invalid username/password", await TryLogInAsync(skopeo, registry, AccessRegistry.Alice, "wrong", AuthFile()));
    }

    [Theory]
    [InlineData(Login.Basic)]
    [InlineData(Login.BuiltInToken)]
    [InlineData(Login.ExternalToken)]
    public async Task Containerd_pushes_and_pulls_with_a_password_and_others_are_denied(Login login)
    {
        Command ctr = engine.Ctr;
        AccessRegistry registry = await registries.GetAsync(login);
        string image = $"{registry.HostPort}/team/containerd:1";
        var sample = SampleImage.Runnable();
        _ = sample.WriteTo(_folder.Folder("layout"));
        string archive = _folder.File("layout.tar");
        await TarFile.CreateFromDirectoryAsync(_folder.Folder("layout"), archive, includeBaseDirectory: false);
        _ = await ctr.RunAsync("images", "import", "--no-unpack", "--index-name", "unused", archive);
        string name = (await ctr.RunAsync("images", "list", "-q")).Text.Split('\n').Single(line => line.Contains("sample", StringComparison.Ordinal));
        _ = await ctr.RunAsync("images", "tag", name, image);
        _ = await ctr.RunAsync("images", "remove", name);

        AssertFailed("403", await TryCtrAsync("push", image, AccessRegistry.Reader));
        AssertFailed("401", await ctr.TryRunAsync("images", "push", "--plain-http", "--user", "alice:wrong", image));
        Assert.Equal(0, (await TryCtrAsync("push", image, AccessRegistry.Alice)).ExitCode);
        _ = await ctr.RunAsync("images", "remove", "--sync", image);
        AssertFailed("403", await TryCtrAsync("pull", image, AccessRegistry.Bob));
        CommandResult pull = await TryCtrAsync("pull", image, AccessRegistry.Reader);
        Assert.True(pull.ExitCode == 0, pull.AllOutput);
        _ = await ctr.RunAsync("images", "remove", "--sync", image);
    }

    private static void AssertFailed(string message, CommandResult result)
    {
        Assert.NotEqual(0, result.ExitCode);
        Assert.True(result.AllOutput.Contains(message, StringComparison.Ordinal), $"Without '{message}':\n{result.AllOutput}");
    }

    private static Task<CommandResult> TryLogInAsync(Command client, AccessRegistry registry, string user, string password, string file) =>
        client.TryRunAsync("login", "--tls-verify=false", "--authfile", file, "-u", user, "-p", password, registry.HostPort);

    private async Task<string> LogInAsync(Command client, AccessRegistry registry, string user)
    {
        string file = AuthFile();
        CommandResult result = await TryLogInAsync(client, registry, user, AccessRegistry.PasswordOf(user), file);
        Assert.Contains("Login Succeeded", result.AllOutput, StringComparison.Ordinal);
        return file;
    }

    // It must exist.
    private string AuthFile()
    {
        string file = _folder.File("logins", $"{Guid.NewGuid():n}.json");
        File.WriteAllText(file, "{}");
        return file;
    }

    private Task<CommandResult> TryCtrAsync(string verb, string image, string user)
    {
        string[] snapshotter = verb == "pull" ? ["--snapshotter", Snapshotter] : [];
        return engine.Ctr.TryRunAsync(
            ["images", verb, .. snapshotter, "--plain-http", "--user", $"{user}:{AccessRegistry.PasswordOf(user)}", image]);
    }
}
