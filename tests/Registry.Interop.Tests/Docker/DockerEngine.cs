using System.Text.RegularExpressions;
using Registry.Testing;
using Registry.Testing.Layouts;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Docker;

/// <summary>
/// Separate Docker engine, beside any other on the machine: no bridge, no packet filter, everything under one temporary folder. It
/// uses the registry under test, or another one, as its mirror of Docker Hub.
/// </summary>
public sealed partial class DockerEngine : IAsyncLifetime
{
    private readonly Func<(string HostPort, string Mirror)> _registry;
    private readonly TemporaryFolder _folder = new("docker");
    private BackgroundProcess? _engine;
    private string? _socket;

    public DockerEngine(RegistryUnderTest registry)
        : this(() => (registry.HostPort, registry.HostPort))
    {
    }

    /// <summary>Prepares an engine with another registry.</summary>
    /// <param name="registry">Returns host and port of a registry without TLS, and of a mirror of Docker Hub.</param>
    internal DockerEngine(Func<(string HostPort, string Mirror)> registry) => _registry = registry;

    /// <summary>The docker command, with the classic builder; skips the test when there is no engine.</summary>
    internal Command Docker => ClientOf("docker", "0");

    /// <summary>Debian's docker command, which uses the engine's BuildKit by itself: other ones need a plug-in for it that Debian does not have.</summary>
    internal Command BuildKit => ClientOf("/usr/bin/docker", "1");

    internal TemporaryFolder Folder => _folder;

    public async ValueTask InitializeAsync()
    {
        if (!Requires.IsOnPath("dockerd") || !Requires.IsOnPath("docker") || !Environment.IsPrivilegedProcess)
        {
            return;
        }
        _socket = "unix://" + _folder.File("docker.sock");
        string configuration = _folder.File("daemon.json");
        await File.WriteAllTextAsync(configuration, "{}");
        _engine = new Command("dockerd", "docker.io").Start(
            "--config-file", configuration,
            "--host", _socket,
            "--data-root", _folder.Folder("data"),
            "--exec-root", _folder.Folder("exec"),
            "--pidfile", _folder.File("pid"),
            "--containerd-namespace", "registry-interop",
            "--containerd-plugins-namespace", "registry-interop-plugins",
            "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false",
            "--storage-driver", StorageDriver(_folder.Path),
            "--exec-opt", "native.cgroupdriver=cgroupfs",
            "--insecure-registry", _registry().HostPort,
            "--registry-mirror", $"http://{_registry().Mirror}");
        _ = await _engine.WaitForLineAsync(ListeningLine, Patience.Limit);
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null)
        {
            _ = await _engine.TerminateAsync(Patience.Limit);
            await _engine.DisposeAsync();
        }
        _folder.Dispose();
    }

    /// <summary>Imports a root file system as an image that runs <c>sha256sum /payload</c>.</summary>
    /// <returns>The SHA-256 of the payload, in hex.</returns>
    internal async Task<string> ImportAsync(string image)
    {
        Requires.StaticBusybox();
        byte[] payload = TarArchive.RandomPayload();
        string archive = _folder.File("root.tar");
        await File.WriteAllBytesAsync(archive, TarArchive.RootFileSystem(payload));
        _ = await Docker.RunAsync("import", "-c", """CMD ["/bin/sh", "-c", "sha256sum /payload"]""", archive, image);
        return OciLayoutBuilder.DigestOf(payload)["sha256:".Length..];
    }

    /// <returns>The output of a container of the image.</returns>
    internal async Task<string> RunAsync(string image, params string[] command) =>
        (await Docker.RunAsync(["run", "--rm", "--network", "none", image, .. command])).Text;

    /// <returns>The image's id, which is the digest of its config.</returns>
    internal async Task<string> IdAsync(string image) => (await Docker.RunAsync("image", "inspect", "-f", "{{.Id}}", image)).Text;

    /// <returns>The digests of the layers before compression.</returns>
    internal async Task<string[]> DiffIdsAsync(string image) =>
        (await Docker.RunAsync("image", "inspect", "-f", "{{join .RootFS.Layers \" \"}}", image)).Text.Split(' ');

    private Command ClientOf(string program, string buildKit)
    {
        Requires.Program("dockerd", "docker.io");
        Requires.Program(program, "docker.io");
        Requires.Root("dockerd");
        return new Command(program, "docker.io")
        {
            Environment =
            {
                ["DOCKER_HOST"] = _socket,
                ["DOCKER_CONFIG"] = _folder.Folder("config"),
                ["DOCKER_BUILDKIT"] = buildKit,
            },
        };
    }

    /// <summary>An overlay cannot lie on another, as in a build container.</summary>
    private static string StorageDriver(string folder) =>
        new DriveInfo(folder).DriveFormat.StartsWith("overlay", StringComparison.Ordinal) ? "vfs" : "overlay2";

    [GeneratedRegex("API listen on ")]
    private static partial Regex ListeningLine { get; }
}

/// <summary>The tests that share one engine.</summary>
[CollectionDefinition(nameof(DockerEngine))]
public sealed class DockerEngineCollection : ICollectionFixture<DockerEngine>;
