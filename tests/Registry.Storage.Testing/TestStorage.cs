using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Registry.Core;
using Registry.Core.Blobs;
using Registry.Core.Collection;
using Registry.Core.Errors;
using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Uploads;
using Registry.Core.Verification;
using Registry.Storage.Contracts;
using Registry.Storage.Files;
using Registry.Storage.Files.Tree;

namespace Registry.Storage.Testing;

/// <summary>The core of a registry on a data folder, without a server.</summary>
internal sealed class TestStorage : IAsyncDisposable
{
    private readonly TemporaryFolder? _ownFolder;
    private readonly TimeSpan _grace;
    private readonly TimeSpan _trash;
    private readonly ManifestReferences _references;
    private readonly IChangeRules _rules;
    private readonly Func<bool> _isReadOnly;
    private bool _isClosed;

    /// <param name="path">A folder that outlives the storage; null for one of its own that does not.</param>
    /// <param name="grace">The grace period of the collector; null for a minute.</param>
    /// <param name="references">Which references must exist.</param>
    /// <param name="rules">Rules about changes; null for none.</param>
    /// <param name="isReadOnly">Returns true while the registry is read-only; null for never.</param>
    /// <param name="trash">Running time for which deleted manifests can be restored; zero for none.</param>
    public TestStorage(
        string? path = null,
        TimeSpan? grace = null,
        ManifestReferences references = ManifestReferences.SparseIndex,
        IChangeRules? rules = null,
        Func<bool>? isReadOnly = null,
        TimeSpan trash = default)
    {
        _trash = trash;
        _rules = rules ?? NoRules.Instance;
        _isReadOnly = isReadOnly ?? (static () => false);
        _ownFolder = path is null ? new TemporaryFolder(isInMemory: true) : null;
        Path = path ?? _ownFolder!.Path;
        _grace = grace ?? TimeSpan.FromMinutes(1);
        _references = references;
        Loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(Log));
        Open();
    }

    public string Path { get; }

    public RecordedLog Log { get; } = new();

    public ILoggerFactory Loggers { get; }

    public FakeTimeProvider Time { get; } = new();

    public RegistryStorage Storage { get; private set; }

    public RegistryCore Core { get; private set; }

    /// <summary>Paths of the data folder.</summary>
    public DataPaths Paths => Storage.Folder!.Paths;

    public TreeIndexer Indexer => Storage.Files!.Indexer;

    public UnknownBlobSweep Sweep => Core.Sweep;

    public GarbageCollector Collector => Core.Collector;

    public Verifier Verifier => Core.Verifier;

    public BlobOperations Blobs => Core.Blobs;

    public UploadOperations Uploads => Core.Uploads;

    public ManifestOperations Manifests => Core.Manifests;

    /// <summary>Opens a storage and waits until it is indexed.</summary>
    public static async Task<TestStorage> CreateAsync(
        string? path = null, TimeSpan? grace = null, ManifestReferences references = ManifestReferences.SparseIndex, TimeSpan trash = default)
    {
        var storage = new TestStorage(path, grace, references, trash: trash);
        await storage.Indexer.RunAsync(default);
        return storage;
    }

    /// <summary>Closes the storage and opens it again.</summary>
    /// <param name="cleanly">False for a server that was killed: what is in memory is lost, and the position of the tree in the feed is left as it is.</param>
    public async Task ReopenAsync(bool cleanly = true)
    {
        if (cleanly)
        {
            await Collector.SaveClockAsync();
        }
        else
        {
            Storage.Health.Fail("killed");
        }

        await CloseAsync();
        Open();
        await Indexer.RunAsync(default);
    }

    /// <summary>Closes the storage, so that the test can read or change its files.</summary>
    public async ValueTask CloseAsync()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            await Storage.DisposeAsync();
        }
    }

    /// <summary>Writes small content to its files now, which otherwise happens a second later or when the storage is closed.</summary>
    public Task WriteOutAsync() => Storage.Files!.WriteOutAsync();

    public async Task<Digest> PushBlobAsync(RepositoryName repository, byte[] content)
    {
        var digest = Samples.Digest(content);
        Assert.Null((await Uploads.PushAsync(repository, digest, null, Samples.Body(content), default)).Error);
        return digest;
    }

    public Task<Digest> PushBlobAsync(RepositoryName repository, string content) => PushBlobAsync(repository, Samples.Text(content));

    /// <summary>Pushes a manifest by tag, or by digest without a tag; returns the error, or null.</summary>
    public async Task<RegistryError?> TryPutAsync(RepositoryName repository, byte[] manifest, string? tag = null)
    {
        Reference reference = tag is null ? Samples.Digest(manifest) : Tag.Parse(tag);
        return (await Manifests.PutAsync(repository, reference, null, manifest, [], Precondition.None)).Error;
    }

    public async Task<Digest> PutAsync(RepositoryName repository, byte[] manifest, string? tag = null)
    {
        Assert.Null(await TryPutAsync(repository, manifest, tag));
        return Samples.Digest(manifest);
    }

    /// <summary>Pushes an image with a config and a layer.</summary>
    public async Task<byte[]> PushImageAsync(RepositoryName repository, string name, string? tag = null)
    {
        await PushBlobAsync(repository, $"{name} config");
        await PushBlobAsync(repository, $"{name} layer");
        var image = Samples.Image($"{name} config", [Samples.Layer($"{name} layer")]);
        await PutAsync(repository, image, tag);
        return image;
    }

    public async Task DeleteAsync(RepositoryName repository, Reference reference) =>
        Assert.Null((await Manifests.DeleteAsync(repository, reference, Precondition.None)).Error);

    /// <summary>Answer to a HEAD of a blob.</summary>
    public async Task<bool> SeesBlobAsync(RepositoryName repository, Digest digest) => (await Blobs.StatAsync(repository, digest)).Error is null;

    /// <summary>Bytes that a GET of a manifest returns, or null.</summary>
    public async Task<byte[]?> GetAsync(RepositoryName repository, Reference reference)
    {
        var result = await Manifests.GetAsync(repository, reference);
        return result.TryGet(out var found, out _) ? await ReadAsync(found.Content) : null;
    }

    /// <summary>Reads content to its end, and closes it.</summary>
    public static async Task<byte[]> ReadAsync(BlobSource content)
    {
        await using (content)
        {
            return (await content.ReadAsync()).ToArray();
        }
    }

    /// <summary>Advances the clock and collects; returns the number of removed links and blobs.</summary>
    public async Task<(int Links, int Blobs)> CollectAfterAsync(int seconds)
    {
        Time.Advance(TimeSpan.FromSeconds(seconds));
        var collected = await Collector.RunAsync(default);
        return (collected.Links, collected.Blobs);
    }

    /// <summary>Advances the clock and collects; returns the number of expired manifests.</summary>
    public async Task<int> ExpireManifestsAfterAsync(int seconds)
    {
        Time.Advance(TimeSpan.FromSeconds(seconds));
        return (await Collector.RunAsync(default)).Manifests;
    }

    /// <summary>Verifier whose period is a minute.</summary>
    /// <param name="bytesPerSecond">Rate at which it reads.</param>
    /// <param name="metadata">Its metadata; null for that of the storage.</param>
    public Verifier CreateVerifier(long bytesPerSecond, IVerifierMetadata? metadata = null)
    {
        metadata ??= Storage.VerifierMetadata;
        var inspector = new BlobInspector(
            Storage.Ports.Scrubber,
            Storage.Staged,
            Storage.Ports.Quarantine,
            metadata,
            Storage.Blobs,
            new Pace(bytesPerSecond, Time),
            Loggers.CreateLogger<BlobInspector>());
        return new Verifier(inspector, metadata, Storage.Clock, TimeSpan.FromMinutes(1), Time, Loggers.CreateLogger<Verifier>());
    }

    /// <summary>Damages small content that only the metadata has.</summary>
    public async Task FlipBitAsync(Digest digest)
    {
        var row = (await Storage.Staged.FindAsync(digest))!;
        row.Bytes[row.Bytes.Length / 2] ^= 1;
        using var connection = new SqliteConnection($"Data Source={Paths.Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "UPDATE staged_content SET bytes = $bytes WHERE id = $id";
        command.Parameters.AddWithValue("$bytes", row.Bytes);
        command.Parameters.AddWithValue("$id", row.Id);
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Loggers.Dispose();
        Log.Dispose();
        _ownFolder?.Dispose();
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(Storage), nameof(Core))]
    private void Open()
    {
        _isClosed = false;
        Storage = RegistryStorage.Open(Path, _rules, Time, Loggers);
        Core = new RegistryCore(
            Storage.Ports,
            new CoreSettings { Grace = _grace, Trash = _trash, VerifyPeriod = TimeSpan.FromMinutes(1), References = _references, IsReadOnly = _isReadOnly },
            Time,
            Loggers);
    }
}
