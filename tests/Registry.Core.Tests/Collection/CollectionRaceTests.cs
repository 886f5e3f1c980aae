using System.Collections.Concurrent;
using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Tests.Fuzzing;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Collection;

/// <summary>
/// Clients that push, mount, ask, pull and delete while the collector runs with a grace of seconds that pass all the time. Three promises are
/// checked: a manifest that was accepted never loses what it needs, what a client was told exists is there for half the grace period, and what is
/// pulled has its digest. FUZZ_OPERATIONS, FUZZ_SEED and FUZZ_SEEDS make it longer or repeat a run (<see cref="FuzzSettings"/>).
/// </summary>
public class CollectionRaceTests(ITestOutputHelper output)
{
    private const int Clients = 8;
    private const int Grace = 4;
    private const int Blobs = 16;

    private static readonly RepositoryName[] Repositories = [.. new[] { "a", "b", "c/d" }.Select(Samples.Repository)];

    [Fact]
    public async Task Nothing_that_is_needed_or_promised_is_collected()
    {
        foreach (var seed in FuzzSettings.Seeds(2))
        {
            await RunAsync(seed, FuzzSettings.Operations(600) / Clients);
        }
    }

    private async Task RunAsync(int seed, int rounds)
    {
        await using var storage = await TestStorage.CreateAsync(grace: TimeSpan.FromSeconds(Grace), references: ManifestReferences.Strict);
        var violations = new ConcurrentQueue<string>();
        var world = new World(storage, violations);
        using var stop = new CancellationTokenSource();
        var collected = 0;
        var collector = Task.Run(async () =>
        {
            var random = new Random(seed);
            while (!stop.IsCancellationRequested)
            {
                if (random.Next(3) == 0)
                {
                    storage.Time.Advance(TimeSpan.FromSeconds(1));
                    world.Tick();
                }

                try
                {
                    collected += (await storage.Collector.RunAsync(default)).Blobs;
                }
                catch (StorageException e)
                {
                    world.Violated($"the collection failed: {e}");
                }

                await Task.Yield();
            }
        });
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => new Client(world, (seed * 100) + client).RunAsync(rounds))));
        await stop.CancelAsync();
        await collector;

        // Twice the grace later everything that no manifest needs is gone, and nothing else; what the metadata never knew, after two rounds.
        for (var round = 0; round < 3; round++)
        {
            await storage.CollectAfterAsync((2 * Grace) + 2);
        }

        await world.CheckAllAsync();
        Assert.True(violations.IsEmpty, $"seed {seed}:\n{string.Join('\n', violations)}");
        Assert.True(collected > 0, "Nothing was collected, so nothing was tested.");
        Assert.True(world.Pulled > 0, "Nothing was pulled, so nothing was tested.");
        Assert.False(world.Accepted.IsEmpty, "Nothing was there to be kept, so nothing was tested.");
        Assert.Null(storage.Storage.Health.Failure);
        output.WriteLine($"seed {seed}: {Clients * rounds} operations, {world.Pulled} pulls, {collected} blobs collected");
    }

    private static byte[] Content(int blob) => Samples.Bytes(blob, 200 + blob);

    /// <summary>Answers to all clients.</summary>
    private sealed class World(TestStorage storage, ConcurrentQueue<string> violations)
    {
        private readonly ConcurrentDictionary<(RepositoryName Repository, Digest Digest), (int Begun, int Ended)> _deletions = new();
        private TaskCompletionSource _tick = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _pulled;

        public ConcurrentDictionary<(RepositoryName Repository, Digest Manifest), int[]> Accepted { get; } = new();

        public TestStorage Storage => storage;

        /// <summary>Number of manifests pulled while other clients pushed and deleted.</summary>
        public int Pulled => Volatile.Read(ref _pulled);

        /// <summary>Task that ends with the next second.</summary>
        public Task NextSecond => Volatile.Read(ref _tick).Task;

        public void Tick() => Interlocked.Exchange(ref _tick, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

        public void Violated(string what) => violations.Enqueue(what);

        public (int Begun, int Ended) Deletions(RepositoryName repository, Digest digest) => _deletions.GetValueOrDefault((repository, digest));

        public async Task DeleteBlobAsync(RepositoryName repository, Digest digest)
        {
            _deletions.AddOrUpdate((repository, digest), (1, 0), (_, count) => (count.Begun + 1, count.Ended));
            var error = (await storage.Blobs.DeleteAsync(repository, digest)).Error;
            _deletions.AddOrUpdate((repository, digest), (1, 1), (_, count) => (count.Begun, count.Ended + 1));
            if (error is not null && error.Code != RegistryErrorCode.BlobUnknown && error.Code != RegistryErrorCode.BlobInUse)
            {
                Violated($"DELETE of a blob: {error}");
            }
        }

        // Another client may delete the manifest at any moment. Until then all of it exists, and every answer has its digest.
        public async Task PullAsync(RepositoryName repository, Digest manifest, int[] blobs)
        {
            if (await storage.GetAsync(repository, manifest) is not { } bytes)
            {
                return;
            }

            Interlocked.Increment(ref _pulled);
            if (Samples.Digest(bytes) != manifest)
            {
                Violated($"{repository}@{manifest} was pulled with other bytes");
            }

            foreach (var blob in blobs)
            {
                var opened = await storage.Blobs.OpenAsync(repository, Samples.Digest(Content(blob)));
                if (opened.TryGet(out var content, out var error))
                {
                    var pulled = await TestStorage.ReadAsync(content);
                    if (!Content(blob).AsSpan().SequenceEqual(pulled))
                    {
                        Violated($"blob {blob} was pulled with other bytes");
                    }
                }
                else if (await storage.GetAsync(repository, manifest) is not null)
                {
                    Violated($"{repository}@{manifest} is there and has lost blob {blob}: {error}");
                }
            }
        }

        public async Task CheckAllAsync()
        {
            var needed = new HashSet<Digest>();
            foreach (var ((repository, manifest), blobs) in Accepted)
            {
                needed.Add(manifest);
                needed.UnionWith(blobs.Select(blob => Samples.Digest(Content(blob))));
                await CheckAsync(repository, manifest, blobs);
            }

            await storage.WriteOutAsync();
            var stored = (await storage.Storage.Blobs.ListStoredAsync()).ToHashSet();
            if (!stored.SetEquals(needed))
            {
                Violated($"{stored.Except(needed).Count()} blobs too many are left and {needed.Except(stored).Count()} are missing");
            }
        }

        public async Task CheckAsync(RepositoryName repository, Digest manifest, int[] blobs)
        {
            if (await storage.GetAsync(repository, manifest) is not { } bytes || Samples.Digest(bytes) != manifest)
            {
                Violated($"{repository}@{manifest} was accepted and is gone");
            }

            foreach (var blob in blobs)
            {
                var digest = Samples.Digest(Content(blob));
                var opened = await storage.Blobs.OpenAsync(repository, digest);
                if (!opened.TryGet(out var content, out var error))
                {
                    Violated($"{repository}@{manifest} has lost blob {blob}: {error}");
                    continue;
                }

                // Small as it is, it may come from memory: it must be on the disk, too.
                var stored = await storage.Storage.Blobs.ReadAsync(digest);
                var pulled = await TestStorage.ReadAsync(content);
                if (!Content(blob).AsSpan().SequenceEqual(pulled) || !Content(blob).AsSpan().SequenceEqual(stored))
                {
                    Violated($"blob {blob} has other bytes");
                }
            }
        }
    }

    private sealed class Client(World world, int seed)
    {
        private readonly Random _random = new(seed);
        private readonly List<(RepositoryName Repository, Digest Manifest)> _own = [];

        private TestStorage Storage => world.Storage;

        public async Task RunAsync(int rounds)
        {
            for (var round = 0; round < rounds; round++)
            {
                var repository = Repositories[_random.Next(Repositories.Length)];
                switch (_random.Next(14))
                {
                    case < 4:
                        await PushImageAsync(repository, $"{seed}.{round}", RandomBlobs(), hurries: false);
                        break;
                    case < 7 when _own.Count > 0:
                        await DeleteOwnAsync();
                        break;
                    case 7 or 8:
                        // The collector is about to remove the bytes when they are brought again.
                        var blob = _random.Next(Blobs);
                        await world.DeleteBlobAsync(repository, Samples.Digest(Content(blob)));
                        await PushImageAsync(repository, $"{seed}.{round}", [blob], hurries: true);
                        break;
                    case 9:
                        await FailToCommitAsync(_random.Next(Blobs));
                        break;
                    case 10 or 11 when AnyAccepted() is { } accepted:
                        await world.PullAsync(accepted.Key.Repository, accepted.Key.Manifest, accepted.Value);
                        break;
                    default:
                        // A blob for which no manifest comes.
                        await PushBlobAsync(repository, _random.Next(Blobs));
                        break;
                }
            }
        }

        // One of the first in no particular order: each is equally likely to be deleted.
        private KeyValuePair<(RepositoryName Repository, Digest Manifest), int[]>? AnyAccepted()
        {
            foreach (var accepted in world.Accepted)
            {
                if (_random.Next(8) == 0)
                {
                    return accepted;
                }
            }

            return null;
        }

        private int[] RandomBlobs() => [.. Enumerable.Range(0, 1 + _random.Next(3)).Select(_ => _random.Next(Blobs)).Distinct()];

        // As every client does: ask for each blob, bring what is missing, then push the manifest.
        private async Task PushImageAsync(RepositoryName repository, string note, int[] blobs, bool hurries)
        {
            var since = Storage.Storage.Clock.Now;
            var deletionsBefore = blobs.Select(blob => world.Deletions(repository, Samples.Digest(Content(blob)))).ToArray();
            foreach (var blob in blobs)
            {
                if (!await Storage.SeesBlobAsync(repository, Samples.Digest(Content(blob))))
                {
                    await BringAsync(repository, blob);
                }
            }

            for (var wait = hurries ? 0 : _random.Next(Grace); wait > 0; wait--)
            {
                await world.NextSecond;
            }

            var image = Image(blobs, note);
            var error = await Storage.TryPutAsync(repository, image, _random.Next(2) == 0 ? $"t{_random.Next(5)}" : null);
            if (error is null)
            {
                var digest = Samples.Digest(image);
                world.Accepted[(repository, digest)] = blobs;
                _own.Add((repository, digest));
                await world.CheckAsync(repository, digest, blobs);
                return;
            }

            // Only time or another client's DELETE may have taken a blob away that this client had or was told of.
            var undisturbed = !blobs.Where((blob, i) => Disturbed(repository, blob, deletionsBefore[i])).Any();
            if (Storage.Storage.Clock.Now - since <= Storage.Core.Grace.Promise && undisturbed)
            {
                world.Violated($"{repository}: promised blobs were missing at the push: {error}");
            }
        }

        private bool Disturbed(RepositoryName repository, int blob, (int Begun, int Ended) before) =>
            before.Begun != before.Ended || world.Deletions(repository, Samples.Digest(Content(blob))).Begun != before.Begun;

        private async Task BringAsync(RepositoryName repository, int blob)
        {
            RepositoryName? source = _random.Next(2) == 0 ? null : Repositories[_random.Next(Repositories.Length)];
            if (_random.Next(2) == 0 || !(await Storage.Uploads.MountAsync(repository, source, Samples.Digest(Content(blob)), _ => true)).Value)
            {
                await PushBlobAsync(repository, blob);
            }
        }

        private async Task PushBlobAsync(RepositoryName repository, int blob)
        {
            var content = Content(blob);
            var error = _random.Next(2) == 0
                ? (await Storage.Uploads.PushAsync(repository, Samples.Digest(content), null, Samples.Body(content), default)).Error
                : await PushInChunksAsync(repository, content);
            if (error is not null)
            {
                world.Violated($"a push of blob {blob} failed: {error}");
            }
        }

        private async Task<RegistryError?> PushInChunksAsync(RepositoryName repository, byte[] content)
        {
            var id = (await Storage.Uploads.BeginAsync(repository, null, DigestAlgorithm.Sha256)).Value.Id;
            var half = content.Length / 2;
            var appended = await Storage.Uploads.AppendAsync(repository, null, id, default, Samples.Body(content[..half]), default);
            return appended.Error
                ?? (await Storage.Uploads.CompleteAsync(repository, null, id, Samples.Digest(content), default, Samples.Body(content[half..]), default)).Error;
        }

        // The bytes are in their place, and then the metadata cannot be written.
        private async Task FailToCommitAsync(int blob)
        {
            var digest = Samples.Digest(Content(blob));
            await using var fence = await Storage.Storage.Blobs.FenceAsync(digest);
            await Storage.Storage.Blobs.PutAsync(digest, Content(blob));
        }

        private async Task DeleteOwnAsync()
        {
            var index = _random.Next(_own.Count);
            var (repository, manifest) = _own[index];
            _own.RemoveAt(index);
            await world.CheckAsync(repository, manifest, world.Accepted[(repository, manifest)]);
            world.Accepted.TryRemove((repository, manifest), out _);
            if ((await Storage.Manifests.DeleteAsync(repository, manifest, Precondition.None)).Error is { } error)
            {
                world.Violated($"DELETE of {repository}@{manifest}: {error}");
            }
        }

        private static byte[] Image(int[] blobs, string note)
        {
            var descriptors = blobs.Select(blob => new Descriptor(Samples.LayerType, Samples.Digest(Content(blob)), Content(blob).Length)).ToList();
            return Samples.Image(descriptors[0] with { MediaType = Samples.ConfigType }, descriptors.Skip(1), note: note);
        }
    }
}
