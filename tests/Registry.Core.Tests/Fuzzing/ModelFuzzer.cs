using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Tests.Fuzzing.Registries;
using Registry.Storage;

namespace Registry.Core.Tests.Fuzzing;

#pragma warning disable CA5394 // No secrets: the same seed makes the same operations.

/// <summary>
/// Random operations, one after the other, on a real storage and on a model of it. Each answer must be the one that the model gives, and from
/// time to time everything that can be asked for is compared. The same seed does the same again.
/// </summary>
internal sealed partial class ModelFuzzer : IAsyncDisposable
{
    private const int TraceLength = 25;

    // Sums up to 1130. What is rare is slow.
    private static readonly (int Weight, Func<ModelFuzzer, Task> Run)[] Operations =
    [
        (130, fuzzer => fuzzer.PushBlobAsync()),
        (80, fuzzer => fuzzer.MountAsync()),
        (40, fuzzer => fuzzer.HeadBlobAsync()),
        (20, fuzzer => fuzzer.GetBlobAsync()),
        (60, fuzzer => fuzzer.DeleteBlobAsync()),
        (30, fuzzer => fuzzer.BeginUploadAsync()),
        (60, fuzzer => fuzzer.AppendAsync()),
        (50, fuzzer => fuzzer.CompleteAsync()),
        (20, fuzzer => fuzzer.BreakOffAsync()),
        (5, fuzzer => fuzzer.CancelAsync()),
        (180, fuzzer => fuzzer.PutManifestAsync()),
        (40, fuzzer => fuzzer.HeadManifestAsync()),
        (60, fuzzer => fuzzer.DeleteManifestAsync()),
        (40, fuzzer => fuzzer.RollBackAsync()),
        (50, fuzzer => fuzzer.RestoreAsync()),
        (5, fuzzer => fuzzer.PurgeAsync()),
        (10, fuzzer => fuzzer.RenameRepositoryAsync()),
        (5, fuzzer => fuzzer.DeleteRepositoryAsync()),
        (20, fuzzer => fuzzer.ReadHistoryAsync()),
        (30, fuzzer => fuzzer.ListTagsAsync()),
        (20, fuzzer => fuzzer.ListRepositoriesAsync()),
        (30, fuzzer => fuzzer.ListReferrersAsync()),
        (70, fuzzer => fuzzer.LetTimePassAsync()),
        (60, fuzzer => fuzzer.CollectAsync()),
        (10, fuzzer => fuzzer.ExpireUploadsAsync()),
        (2, fuzzer => fuzzer.RestartAsync()),
        (2, fuzzer => fuzzer.KillAsync()),
        (1, fuzzer => fuzzer.ReindexAsync()),
    ];

    private static readonly int TotalWeight = Operations.Sum(operation => operation.Weight);

    private readonly IFuzzedRegistry _registry;
    private readonly Random _random;
    private readonly FuzzUniverse _universe;
    private readonly RegistryModel _model;
    private readonly ManifestReferences _references;
    private readonly TimeSpan _trash;
    private readonly Queue<string> _trace = new();
    private string _process = string.Empty;

    /// <param name="seed">The seed.</param>
    /// <param name="open">Makes the registry, from the references that must exist and the time that deleted manifests stay in the trash.</param>
    /// <param name="hasLargeBlobs">True for blobs of sizes that a store of objects has, and the metadata has not.</param>
    public ModelFuzzer(int seed, Func<ManifestReferences, TimeSpan, IFuzzedRegistry> open, bool hasLargeBlobs = false)
    {
        Seed = seed;
        _random = new Random(seed);
        _universe = new FuzzUniverse(_random, hasLargeBlobs);
        _references = (ManifestReferences)(seed % 3);
        _trash = TimeSpan.FromSeconds(seed % 2 == 0 ? 0 : TrashPeriod);
        _registry = open(_references, _trash);
        _model = new RegistryModel(_universe.Repositories, () => _registry.Now);
    }

    public int Seed { get; }

    /// <summary>Number of operations run.</summary>
    public int Count { get; private set; }

    private RegistryStorage Storage => _registry.Storage;

    private RegistryCore Core => _registry.Core;

    /// <summary>Runs operations, and collects at the end until nothing more may be removed.</summary>
    /// <param name="operations">How many.</param>
    /// <param name="compareEvery">After how many of them everything is compared.</param>
    /// <param name="alwaysFrom">From which on everything is compared after each.</param>
    /// <exception cref="ModelViolationException">An answer was not the model's; the message says what led to it.</exception>
    public async Task RunAsync(int operations, int compareEvery, int alwaysFrom = int.MaxValue)
    {
        try
        {
            await _registry.StartAsync();
            while (Count < operations)
            {
                Count++;
                _process = _registry.Choose();
                await ChooseOperation()(this);
                if (Count % compareEvery == 0 || Count >= alwaysFrom)
                {
                    await CompareAsync();
                }
            }

            await SettleAsync();
        }
        catch (Exception e) when (e is ModelViolationException or StorageException or IOException)
        {
            throw new ModelViolationException(
                $"seed {Seed} ({_references}), operation {Count}: {e.Message}\nThe operations before it:\n{string.Join('\n', _trace)}\n{e}");
        }
    }

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    private Func<ModelFuzzer, Task> ChooseOperation()
    {
        var at = _random.Next(TotalWeight);
        foreach (var (weight, run) in Operations)
        {
            if ((at -= weight) < 0)
            {
                return run;
            }
        }

        throw new InvalidOperationException("The weights do not add up.");
    }

    private void Trace(string what)
    {
        _trace.Enqueue($"{Count} @{_model.Now}s {_process}{what}");
        if (_trace.Count > TraceLength)
        {
            _trace.Dequeue();
        }
    }

    private static void Expect(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ModelViolationException(otherwise);
        }
    }

    private static void ExpectError(RegistryErrorCode? expected, RegistryError? actual) => Expect(
        ReferenceEquals(expected, actual?.Code), $"expected {expected?.ToString() ?? "success"}, got {actual?.ToString() ?? "success"}");

    private static void ExpectSame<T>(IEnumerable<T> expected, IEnumerable<T> actual, string what) => Expect(
        expected.SequenceEqual(actual), $"{what}: expected [{string.Join(", ", expected)}], got [{string.Join(", ", actual)}]");

    private RepositoryName AnyRepository() => Any(_universe.Repositories);

    private T Any<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    // Mostly a blob; sometimes the bytes of a manifest, which may be pushed as a blob, too.
    private FuzzContent AnyBlob() => _random.Next(8) == 0 ? Any(_universe.Contents) : Any(_universe.Blobs);

    private bool OneIn(int count) => _random.Next(count) == 0;
}
