using System.Text.Json;
using Registry.Interop.Tests.Access;
using Registry.Interop.Tests.Containerd;
using Registry.Interop.Tests.Containers;
using Registry.Interop.Tests.Docker;
using Registry.Interop.Tests.Peers;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Mirroring;

/// <summary>
/// A registry that mirrors three others: Debian's build of distribution, as Docker Hub, without users; another one with passwords; and this registry with tokens. The engines know nothing else.
/// </summary>
public sealed class MirroredRegistries(AccessRegistries access) : IAsyncLifetime
{
    /// <summary>Prefixes of the upstreams.</summary>
    public const string Hub = "hub";
    public const string Basic = "basic";
    public const string Token = "token";

    private const string NoTls = "--dest-tls-verify=false";

    private readonly TemporaryFolder _folder = new("mirror");
    private readonly ContainersHome _home = new();
    private DistributionRegistry? _hub;
    private DistributionRegistry? _basic;
    private AccessRegistry? _token;
    private RegistryProcess? _mirror;

    /// <summary>Prefix of image references at the mirror.</summary>
    public string HostPort => _mirror!.HostPort;

    /// <summary>The mirror at the host name at which it is Docker Hub alone.</summary>
    public string HubHostPort => $"localhost:{_mirror!.BaseAddress.Port}";

    internal RegistryHttp Http { get; private set; } = null!;

    /// <summary>The upstream in place of Docker Hub.</summary>
    internal RegistryHttp HubHttp => _hub!.Http;

    internal ContainersHome Home => _home;

    internal DockerEngine Docker { get; private set; } = null!;

    internal ContainerdEngine Containerd { get; } = new();

    /// <summary>Value of <c>ns</c> that means an upstream.</summary>
    public static string NamespaceOf(string prefix) => prefix == Hub ? "docker.io" : $"{prefix}.example";

    public async ValueTask InitializeAsync()
    {
        if (!Requires.IsOnPath("docker-registry") || !Requires.IsOnPath("skopeo") || !Requires.IsOnPath("htpasswd"))
        {
            return;
        }

        _token = await access.GetAsync(Login.BuiltInToken);
        string users = _folder.File("users");
        _ = await new Command("htpasswd", "apache2-utils").RunAsync("-c", "-B", "-b", users, AccessRegistry.Alice, AccessRegistry.PasswordOf(AccessRegistry.Alice));
        _hub = await DistributionRegistry.StartAsync(_folder.Folder("hub"));
        _basic = await DistributionRegistry.StartAsync(_folder.Folder("basic"), users);
        var upstreams = new[]
        {
            Describe(Hub, _hub.HostPort, "\"hosts\": [\"localhost\"], \"library\": true"),
            Describe(Basic, _basic.HostPort, Credentials(AccessRegistry.Alice)),
            Describe(Token, _token.HostPort, Credentials(AccessRegistry.Reader)),
        };
        string configuration = _folder.File("mirror.json");
        await File.WriteAllTextAsync(configuration, $$"""{ "upstreams": [ {{string.Join(", ", upstreams)}} ] }""");
        _mirror = await RegistryProcess.StartAsync(
            _folder.Folder("storage"), new Dictionary<string, string?> { ["REGISTRY_MIRROR_CONFIG"] = configuration, ["REGISTRY_LOG_LEVEL"] = "debug" });
        Http = new RegistryHttp(_mirror.BaseAddress);
        Docker = new DockerEngine(() => (HostPort, HubHostPort));
        await Docker.InitializeAsync();
        await Containerd.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_mirror is not null)
        {
            await Docker.DisposeAsync();
            Http.Dispose();
            await _mirror.DisposeAsync();
        }

        foreach (DistributionRegistry registry in new[] { _hub, _basic }.OfType<DistributionRegistry>())
        {
            await registry.DisposeAsync();
        }

        await Containerd.DisposeAsync();
        await _home.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Skips the test when the upstreams cannot run.</summary>
    internal void Require()
    {
        Requires.Program("docker-registry", "docker-registry");
        Requires.Program("skopeo", "skopeo");
        Requires.Program("htpasswd", "apache2-utils");
    }

    /// <summary>Pushes an image to an upstream, not through the mirror.</summary>
    internal async Task PushAsync(SampleImage sample, string upstream, string repository, string tag)
    {
        Require();
        using var layout = new TemporaryFolder("upstream");
        string host = upstream == Hub ? _hub!.HostPort : upstream == Basic ? _basic!.HostPort : _token!.HostPort;
        string[] login = upstream == Hub ? [] : ["--dest-creds", $"{AccessRegistry.Alice}:{AccessRegistry.PasswordOf(AccessRegistry.Alice)}"];
        _ = await _home.Skopeo.RunAsync(["copy", "--all", "--preserve-digests", NoTls, .. login, sample.WriteTo(layout.Path), $"docker://{host}/{repository}:{tag}"]);
    }

    /// <summary>What the mirror has printed, for failures.</summary>
    public override string ToString() => _mirror?.Output ?? "";

    private static string Describe(string prefix, string hostPort, string more) =>
        $$"""{ "name": "{{NamespaceOf(prefix)}}", "url": "http://{{hostPort}}", "prefix": "{{prefix}}", "namespaces": ["{{NamespaceOf(prefix)}}"], "check": "1s", {{more}} }""";

    private string Credentials(string user)
    {
        string file = _folder.File($"password-of-{user}");
        File.WriteAllText(file, AccessRegistry.PasswordOf(user));
        return $"\"username\": \"{user}\", \"passwordFile\": {JsonSerializer.Serialize(file)}";
    }
}

/// <summary>The tests that share the mirror.</summary>
[CollectionDefinition(nameof(MirroredRegistries))]
public sealed class MirroredRegistriesCollection : ICollectionFixture<MirroredRegistries>;
