using Registry.Testing;

namespace Registry.Bench.Peers;

/// <summary>All servers of a run. They run at the same time; only one gets requests at a time.</summary>
internal sealed class Field : IAsyncDisposable
{
    private readonly TemporaryFolder _folders = new("bench");
    private readonly List<Contestant> _contestants = [];
    private readonly List<string> _missing = [];

    private Field()
    {
    }

    /// <summary>The registry under test.</summary>
    public Contestant Ours { get; private set; } = null!;

    /// <summary>The registries, beginning with the one under test.</summary>
    public IReadOnlyList<Contestant> Registries => [Ours, .. _contestants.Where(c => c.Name is DistributionServer.PeerName or DistributionServer.DebianName)];

    /// <summary>The registry that the targets compare with: distribution 3 if available, else docker-registry; null without either.</summary>
    public Contestant? Distribution => Registries.Skip(1).FirstOrDefault();

    /// <summary>nginx, serving the files of the registry under test; null when it is not installed.</summary>
    public Contestant? Nginx => _contestants.Find(c => c.Name == NginxServer.Name);

    /// <summary>Bare Kestrel, the ceiling for small requests.</summary>
    public Contestant Kestrel => _contestants.Find(c => c.Name == BareKestrel.Name)!;

    /// <summary>All servers.</summary>
    public IReadOnlyList<Contestant> All => _contestants;

    /// <summary>The missing servers, with the reason, one sentence each.</summary>
    public IReadOnlyList<string> Missing => _missing;

    /// <summary>Starts every installed server.</summary>
    public static async Task<Field> StartAsync(IReadOnlyDictionary<string, string> settings)
    {
        var field = new Field();
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
        RegistryServer.StartAsync(_folders.Folder(Guid.NewGuid().ToString("N")), settings);

    /// <summary>Path for a file on the disk that the servers write to.</summary>
    public string ScratchFile(string name) => _folders.File(name);

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
        _contestants.Add(Ours = await RegistryServer.StartAsync(_folders.Folder("ours"), settings));
        switch (Environment.GetEnvironmentVariable(DistributionServer.PeerVariable))
        {
            case null or "":
                _missing.Add($"CNCF distribution 3: {DistributionServer.PeerVariable} is not set; Debian's docker-registry replaces it if installed.");
                break;
            case var binary when !File.Exists(binary):
                throw new FileNotFoundException($"{DistributionServer.PeerVariable} names a file that does not exist.", binary);
            case var binary:
                _contestants.Add(await DistributionServer.StartAsync(DistributionServer.PeerName, binary, _folders));
                break;
        }

        if (Programs.Find("docker-registry") is { } debian)
        {
            _contestants.Add(await DistributionServer.StartAsync(DistributionServer.DebianName, debian, _folders));
        }
        else
        {
            _missing.Add("docker-registry is not installed (apt-get install docker-registry).");
        }

        if (Programs.Find("nginx") is { } nginx)
        {
            _contestants.Add(await NginxServer.StartAsync(nginx, Ours.Folder, _folders));
        }
        else
        {
            _missing.Add("nginx is not installed (apt-get install nginx-light).");
        }

        _contestants.Add(await BareKestrel.StartAsync(_folders.Folder("kestrel")));
    }
}
