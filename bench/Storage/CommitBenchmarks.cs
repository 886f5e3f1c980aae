using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Changes;
using Registry.Core.Fairness;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Storage;

namespace Registry.Bench.Storage;

/// <summary>
/// Cost of durable changes of the metadata that share commits, compared with beginning an upload, which is not synced. Real disk, real
/// fsync.
/// </summary>
[SimpleJob(RunStrategy.Monitoring, launchCount: 1, warmupCount: 1, iterationCount: 8)]
[MemoryDiagnoser]
public class CommitBenchmarks
{
    private const int Operations = 256;

    private static readonly ChangeOrigin Origin = ChangeOrigin.Command("bench", user: null);

    private readonly RepositoryName _repository = RepositoryName.Parse("bench/commits");
    private DirectoryInfo _folder = null!;
    private RegistryStorage _storage = null!;
    private int _next;

    [Params(1, 8, 64)]
    public int AtOnce { get; set; }

    [GlobalSetup]
    public void Open()
    {
        _folder = Directory.CreateTempSubdirectory("registry-bench-");
        _storage = RegistryStorage.Open(_folder.FullName, NoRules.Instance, TimeProvider.System, NullLoggerFactory.Instance);
    }

    [GlobalCleanup]
    public async Task CloseAsync()
    {
        await _storage.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Operations)]
    public Task LinkBlob() => RunAsync(i =>
        _storage.Metadata.LinkBlobAsync(_repository, DigestAlgorithm.Sha256.Compute(BitConverter.GetBytes(i)), 1, Origin));

    [Benchmark(OperationsPerInvoke = Operations)]
    public Task BeginUpload() => RunAsync(i => _storage.Uploads.BeginAsync(
        _repository, $"user {i % 16}", ClientNetwork.Unknown, DigestAlgorithm.Sha256));

    private Task RunAsync(Func<int, Task> operation) => Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
    {
        for (var i = 0; i < Operations / AtOnce; i++)
        {
            await operation(Interlocked.Increment(ref _next));
        }
    }));
}
