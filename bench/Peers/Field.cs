using Registry.Testing;

namespace Registry.Bench.Peers;

/// <summary>Everyone who takes part in a run, all running at once; only one is asked at a time.</summary>
internal sealed class Field : IAsyncDisposable
{
    private readonly TemporaryFolder _folders = new("bench");
    private readonly List<Contestant> _contestants = [];
    private readonly List<string> _missing = [];

    private Field()
    {
    }

    /// <summary>Our server.</summary>
    public Contestant Ours { get; private set; } = null!;

    /// <summary>The registries, ours first.</summary>
    public IReadOnlyList<Contestant> Registries => [Ours, .. _contestants.Where(c => c.Name is DistributionServer.PeerName or DistributionServer.DebianName)];

    /// <summary>The registry that the targets are about: version 3 if it is at hand. Null without any.</summary>
    public Contestant? Distribution => Registries.Skip(1).FirstOrDefault();

    /// <summary>nginx over our server's files; null when it is not installed.</summary>
    public Contestant? Nginx => _contestants.Find(c => c.Name == NginxServer.Name);

    /// <summary>The ceiling for small requests.</summary>
    public Contestant Kestrel => _contestants.Find(c => c.Name == BareKestrel.Name)!;

    /// <summary>Everyone.</summary>
    public IReadOnlyList<Contestant> All => _contestants;

    /// <summary>Who is not there and why, a sentence each.</summary>
    public IReadOnlyList<string> Missing => _missing;

    /// <summary>Starts everyone who is installed.</summary>
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

    /// <summary>A new process of our server over an empty folder, for what needs one that has done nothing yet.</summary>
    public Task<Contestant> StartFreshAsync(IReadOnlyDictionary<string, string> settings) =>
        RegistryServer.StartAsync(_folders.Folder(Guid.NewGuid().ToString("N")), settings);

    /// <summary>A path for a file on the disk that the servers write to.</summary>
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
                _missing.Add($"CNCF distribution 3: {DistributionServer.PeerVariable} names no binary, so Debian's docker-registry stands in where it is there.");
                break;
            case var binary when !File.Exists(binary):
                throw new FileNotFoundException($"{DistributionServer.PeerVariable} names a file that is not there.", binary);
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
