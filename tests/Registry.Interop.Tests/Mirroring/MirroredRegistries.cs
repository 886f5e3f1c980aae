using System.Collections.Concurrent;
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
/// A registry that mirrors four others: three of Debian's build of distribution, without users as Docker Hub, with passwords, and with the tokens of a service elsewhere;
/// and this registry with tokens of its own. The engines know nothing else.
/// </summary>
public sealed class MirroredRegistries(AccessRegistries access) : IAsyncLifetime
{
    /// <summary>Prefixes of the upstreams.</summary>
    public const string Hub = "hub";
    public const string Basic = "basic";
    public const string Service = "service";
    public const string Token = "token";

    private const string NoTls = "--dest-tls-verify=false";

    private readonly TemporaryFolder _folder = new("mirror");
    private readonly ContainersHome _home = new();
    private readonly ConcurrentDictionary<string, DistributionRegistry> _distributions = [];
    private TokenService? _service;
    private AccessRegistry? _token;
    private RegistryProcess? _mirror;

    /// <summary>Prefix of image references at the mirror.</summary>
    public string HostPort => _mirror!.HostPort;

    /// <summary>The mirror at the host name at which it is Docker Hub alone.</summary>
    public string HubHostPort => $"localhost:{_mirror!.BaseAddress.Port}";

    internal RegistryHttp Http { get; private set; } = null!;

    /// <summary>The upstream in place of Docker Hub.</summary>
    internal RegistryHttp HubHttp => _distributions[Hub].Http;

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

        _service = await TokenService.StartAsync(new Dictionary<string, string> { [AccessRegistry.Alice] = AccessRegistry.PasswordOf(AccessRegistry.Alice) });
        await Task.WhenAll(
            StartDistributionAsync(Hub, null),
            StartDistributionAsync(Basic, await WritePasswordsAsync()),
            StartDistributionAsync(Service, await WriteTokensAsync(_service)),
            Containerd.InitializeAsync().AsTask(),
            access.GetAsync(Login.BuiltInToken));
        _token = await access.GetAsync(Login.BuiltInToken);
        var upstreams = new[]
        {
            Describe(Hub, "\"hosts\": [\"localhost\"], \"library\": true"),
            Describe(Basic, Credentials(AccessRegistry.Alice)),
            Describe(Service, Credentials(AccessRegistry.Alice)),
            Describe(Token, Credentials(AccessRegistry.Reader)),
        };
        string configuration = _folder.File("mirror.json");
        await File.WriteAllTextAsync(configuration, $$"""{ "upstreams": [ {{string.Join(", ", upstreams)}} ] }""");
        _mirror = await RegistryProcess.StartAsync(
            _folder.Folder("storage"), new Dictionary<string, string?> { ["REGISTRY_MIRROR_CONFIG"] = configuration, ["REGISTRY_LOG_LEVEL"] = "debug" });
        Http = new RegistryHttp(_mirror.BaseAddress);
        Docker = new DockerEngine(() => (HostPort, HubHostPort));
        await Docker.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_mirror is not null)
        {
            await Docker.DisposeAsync();
            Http.Dispose();
            await _mirror.DisposeAsync();
        }

        foreach (DistributionRegistry registry in _distributions.Values)
        {
            await registry.DisposeAsync();
        }

        if (_service is not null)
        {
            await _service.DisposeAsync();
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
        string[] login = upstream == Hub ? [] : ["--dest-creds", $"{AccessRegistry.Alice}:{AccessRegistry.PasswordOf(AccessRegistry.Alice)}"];
        _ = await _home.Skopeo.RunAsync(["copy", "--all", "--preserve-digests", NoTls, .. login, sample.WriteTo(layout.Path), $"docker://{HostPortOf(upstream)}/{repository}:{tag}"]);
    }

    /// <summary>What the mirror has printed, for failures.</summary>
    public override string ToString() => _mirror?.Output ?? "";

    private string HostPortOf(string upstream) => upstream == Token ? _token!.HostPort : _distributions[upstream].HostPort;

    private async Task StartDistributionAsync(string upstream, string? auth) =>
        _distributions[upstream] = await DistributionRegistry.StartAsync(_folder.Folder(upstream), auth);

    private async Task<string> WritePasswordsAsync()
    {
        string users = _folder.File("users");
        _ = await new Command("htpasswd", "apache2-utils").RunAsync("-c", "-B", "-b", users, AccessRegistry.Alice, AccessRegistry.PasswordOf(AccessRegistry.Alice));
        return $"{{ htpasswd: {{ realm: interop, path: {users} }} }}";
    }

    private async Task<string> WriteTokensAsync(TokenService service)
    {
        string certificate = _folder.File("service.pem");
        await File.WriteAllTextAsync(certificate, service.Certificate);
        return $"{{ token: {{ realm: \"{service.Realm}\", service: {TokenService.Service}, issuer: {TokenService.Issuer}, rootcertbundle: {certificate} }} }}";
    }

    private string Describe(string prefix, string more) =>
        $$"""{ "name": "{{NamespaceOf(prefix)}}", "url": "http://{{HostPortOf(prefix)}}", "prefix": "{{prefix}}", "namespaces": ["{{NamespaceOf(prefix)}}"], "check": "1s", {{more}} }""";

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
