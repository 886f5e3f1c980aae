using System.Collections.Concurrent;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Tests.Fuzzing;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Collection;

#pragma warning disable CA5394 // No secrets: the same seed makes the same operations.

/// <summary>
/// Clients that push and delete indexes of the same images while the collector runs with a grace of seconds that pass all the time, and children
/// of an index may be missing. A client that asked for a child within half the grace period and was told that it exists pushes the index without it:
/// that index never has a hole. FUZZ_OPERATIONS, FUZZ_SEED and FUZZ_SEEDS make it longer or repeat a run (<see cref="FuzzSettings"/>).
/// </summary>
public class ManifestExpiryRaceTests(ITestOutputHelper output)
{
    private const int Clients = 8;
    private const int Grace = 3;
    private const int Images = 6;

    private static readonly RepositoryName A = Samples.Repository("a");

    [Fact]
    public async Task An_index_of_children_that_a_client_was_told_exist_never_has_a_hole()
    {
        foreach (var seed in FuzzSettings.Seeds(2))
        {
            await RunAsync(seed, FuzzSettings.Operations(600) / Clients);
        }
    }

    private async Task RunAsync(int seed, int rounds)
    {
        await using var storage = await TestStorage.CreateAsync(grace: TimeSpan.FromSeconds(Grace), references: ManifestReferences.SparseIndex);
        await storage.PushBlobAsync(A, "config");
        await storage.PutAsync(A, Samples.Image("config", [], note: "keeps the config"), "config");
        var violations = new ConcurrentQueue<string>();
        using var stop = new CancellationTokenSource();
        var ticks = new Ticks();
        var expired = 0;
        var collector = Task.Run(async () =>
        {
            var random = new Random(seed);
            while (!stop.IsCancellationRequested)
            {
                if (random.Next(3) == 0)
                {
                    storage.Time.Advance(TimeSpan.FromSeconds(1));
                    ticks.Tick();
                }

                expired += (await storage.Collector.RunAsync(default)).Manifests;
                await Task.Yield();
            }
        });
        var clients = Enumerable.Range(0, Clients).Select(client => new Client(storage, ticks, violations, (seed * 100) + client)).ToList();
        await Task.WhenAll(clients.Select(client => Task.Run(() => client.RunAsync(rounds))));
        await stop.CancelAsync();
        await collector;

        for (var round = 0; round < 3; round++)
        {
            expired += await storage.ExpireManifestsAfterAsync((2 * Grace) + 2);
        }

        foreach (var client in clients)
        {
            await client.CheckAllAsync();
        }

        Assert.True(violations.IsEmpty, $"FUZZ_SEED={seed} FUZZ_SEEDS=1 FUZZ_OPERATIONS={rounds * Clients}:\n{string.Join('\n', violations)}");
        Assert.Equal(0, (await storage.Storage.CollectorMetadata.CountRemovableAsync(IdleTimes.Any)).Manifests);
        Assert.True(expired > 0, $"seed {seed}: no manifest has expired, so nothing was tested.");
        output.WriteLine($"seed {seed}: {clients.Sum(client => client.Indexes)} indexes of {clients.Sum(client => client.Told)} children that were told to exist, {expired} manifests expired");
    }

    /// <summary>Seconds on the clock.</summary>
    private sealed class Ticks
    {
        private TaskCompletionSource _tick = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Next => Volatile.Read(ref _tick).Task;

        public void Tick() => Interlocked.Exchange(ref _tick, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    private sealed class Client(TestStorage storage, Ticks ticks, ConcurrentQueue<string> violations, int seed)
    {
        private readonly Random _random = new(seed);
        private readonly List<(Digest Index, byte[][] Held)> _own = [];

        public int Indexes { get; private set; }

        public int Told { get; private set; }

        public async Task RunAsync(int rounds)
        {
            for (var round = 0; round < rounds; round++)
            {
                switch (_random.Next(6))
                {
                    case 0 when _own.Count > 0:
                    case 1 when _own.Count > 2:
                        await DeleteOwnAsync();
                        break;
                    case 2:
                        // A tag that moves from image to image.
                        await PutAsync(AnyImage(), $"t{_random.Next(2)}");
                        break;
                    default:
                        await PushIndexAsync($"{seed}.{round}");
                        break;
                }
            }
        }

        public async Task CheckAllAsync()
        {
            foreach (var (index, held) in _own)
            {
                await CheckAsync(index, held, "is there");
            }
        }

        private byte[] AnyImage() => Samples.Image("config", [], note: $"{_random.Next(Images)}");

        // As every client does: ask for each child, push what is missing, then push the index; and perhaps sign it.
        private async Task PushIndexAsync(string note)
        {
            var since = storage.Storage.Clock.Now;
            byte[][] children = [.. Enumerable.Range(0, 1 + _random.Next(3)).Select(_ => AnyImage()).DistinctBy(image => Samples.Digest(image))];
            foreach (var child in children)
            {
                if ((await storage.Manifests.StatAsync(A, Samples.Digest(child))).Error is null)
                {
                    Told++;
                }
                else
                {
                    await PutAsync(child);
                }
            }

            for (var wait = _random.Next(Grace); wait > 0; wait--)
            {
                await ticks.Next;
            }

            var index = Samples.Index(children.Select(child => Samples.Child(child)), Samples.Layer(note));
            await PutAsync(index);
            if (storage.Storage.Clock.Now - since > storage.Core.Grace.Promise)
            {
                // Too late: what it was told does not hold any more.
                await storage.DeleteAsync(A, Samples.Digest(index));
                return;
            }

            Indexes++;
            await CheckAsync(Samples.Digest(index), children, "was pushed in time");
            byte[][] signature = _random.Next(3) == 0 ? [Samples.Image("config", [], Samples.Child(index, MediaTypes.OciIndex), note: note)] : [];
            foreach (var referrer in signature)
            {
                await PutAsync(referrer);
            }

            _own.Add((Samples.Digest(index), [.. children, .. signature]));
        }

        private async Task DeleteOwnAsync()
        {
            var at = _random.Next(_own.Count);
            var (index, held) = _own[at];
            _own.RemoveAt(at);
            await CheckAsync(index, held, "is there");
            await storage.DeleteAsync(A, index);
        }

        private async Task PutAsync(byte[] manifest, string? tag = null)
        {
            if (await storage.TryPutAsync(A, manifest, tag) is { } error)
            {
                violations.Enqueue($"a push failed: {error}");
            }
        }

        // Past the operations, which would promise what they find.
        private async Task CheckAsync(Digest index, byte[][] held, string what)
        {
            foreach (var digest in held.Append(null).Select(manifest => manifest is null ? index : Samples.Digest(manifest)))
            {
                if (await storage.Storage.Metadata.FindManifestAsync(A, digest) is null || await storage.Storage.Blobs.StatAsync(digest) is null)
                {
                    violations.Enqueue($"the index {index} {what}, and {digest} is gone");
                }
            }
        }
    }
}
