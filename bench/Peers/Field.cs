using Registry.Testing;

namespace Registry.Bench.Peers;

/// <summary>All servers of a run that speak clear text, or all that speak TLS. They run at the same time; only one gets requests at a time.</summary>
internal sealed class Field : IAsyncDisposable
{
    private readonly TemporaryFolder _folders = new("bench");
    private readonly RegistryProgram _program;
    private readonly ServerCertificate? _certificate;
    private readonly List<Contestant> _contestants = [];
    private readonly List<string> _missing = [];

    private Field(RegistryProgram program, bool isTls)
    {
        _program = program;
        _certificate = isTls ? ServerCertificate.Create(_folders) : null;
    }

    /// <summary>The published registry, which is under test.</summary>
    public Contestant Ours { get; private set; } = null!;

    /// <summary>The registries, beginning with the one under test.</summary>
    public IReadOnlyList<Contestant> Registries => [.. _contestants.Where(c => c.Name is not (NginxServer.Name or BareKestrel.Name))];

    /// <summary>The registries without the second form of ours.</summary>
    public IReadOnlyList<Contestant> OursAndPeers => [.. Registries.Where(c => c.Name != RegistryProgram.Jit.Name)];

    /// <summary>The registry that the targets compare with: distribution 3 if available, else docker-registry; null without either.</summary>
    public Contestant? Distribution => Registries.FirstOrDefault(c => c.Name is DistributionServer.PeerName or DistributionServer.DebianName);

    /// <summary>Name and path of the program of <see cref="Distribution"/>; null without.</summary>
    public (string Name, string Program)? DistributionProgram { get; private set; }

    /// <summary>nginx, serving the files of the registry under test; null when it is not installed.</summary>
    public Contestant? Nginx => _contestants.Find(c => c.Name == NginxServer.Name);

    /// <summary>Bare Kestrel, the ceiling for small requests; null with TLS.</summary>
    public Contestant? Kestrel => _contestants.Find(c => c.Name == BareKestrel.Name);

    /// <summary>All servers.</summary>
    public IReadOnlyList<Contestant> All => _contestants;

    /// <summary>The missing servers, with the reason, one sentence each.</summary>
    public IReadOnlyList<string> Missing => _missing;

    /// <summary>Starts every available server.</summary>
    /// <param name="program">The published registry.</param>
    /// <param name="settings">REGISTRY_ variables for the registry.</param>
    /// <param name="isTls">True for https.</param>
    public static async Task<Field> StartAsync(RegistryProgram program, IReadOnlyDictionary<string, string> settings, bool isTls)
    {
        var field = new Field(program, isTls);
        try
        {
            await field.StartAllAsync(settings);
            return field;
        }
        catch
        {
            await field.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a new process of the registry over an empty folder, for measurements that need a fresh one.</summary>
    public Task<Contestant> StartFreshAsync(IReadOnlyDictionary<string, string> settings) =>
        RegistryServer.StartAsync(_program, _folders.Folder(Guid.NewGuid().ToString("N")), settings, _certificate);

    public async ValueTask DisposeAsync()
    {
        foreach (var contestant in _contestants)
        {
            await contestant.DisposeAsync();
        }

        _folders.Dispose();
    }

    private async Task StartAllAsync(IReadOnlyDictionary<string, string> settings)
    {
        _contestants.Add(Ours = await RegistryServer.StartAsync(_program, _folders.Folder("ours"), settings, _certificate));
        _contestants.Add(await RegistryServer.StartAsync(RegistryProgram.Jit, _folders.Folder("jit"), settings, _certificate));
        DistributionProgram = Named(DistributionServer.PeerVariable, "CNCF distribution 3", "; Debian's docker-registry replaces it if installed") is { } distribution
            ? (DistributionServer.PeerName, distribution)
            : Installed("docker-registry", "docker-registry") is { } debian ? (DistributionServer.DebianName, debian) : null;
        if (DistributionProgram is var (name, path))
        {
            _contestants.Add(await DistributionServer.StartAsync(name, path, _folders, _certificate));
        }

        foreach (var peer in new[] { NamedRegistry.Zot, NamedRegistry.Olareg })
        {
            if (Named(peer.Variable, peer.Name) is { } named)
            {
                _contestants.Add(await peer.StartAsync(named, _folders, _certificate));
            }
        }

        if (Installed("nginx", "nginx-light") is { } nginx)
        {
            _contestants.Add(await NginxServer.StartAsync(nginx, Ours.Folder, _folders, _certificate));
        }

        if (_certificate is null)
        {
            _contestants.Add(await BareKestrel.StartAsync(_folders.Folder("kestrel")));
        }
    }

    private string? Named(string variable, string program, string consequence = "")
    {
        switch (Environment.GetEnvironmentVariable(variable))
        {
            case null or "":
                _missing.Add($"{program}: {variable} is not set{consequence}.");
                return null;
            case var path when !File.Exists(path):
                throw new FileNotFoundException($"{variable} names a file that does not exist.", path);
            case var path:
                return path;
        }
    }

    private string? Installed(string program, string package)
    {
        var found = Programs.Find(program);
        if (found is null)
        {
            _missing.Add($"{program} is not installed (apt-get install {package}).");
        }

        return found;
    }
}
