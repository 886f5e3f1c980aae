using System.Collections.Concurrent;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Uploads;
using Registry.Storage.Contracts;
using Registry.Storage.Contracts.Bytes;

namespace Registry.Core.Tests.Fuzzing;

#pragma warning disable CA5394 // No secrets: the same seed makes the same clients.

/// <summary>
/// A hundred at once on one upload, round after round. Each place of it is given to one of them, at most one ends it, and what it becomes is
/// the bytes of the requests that were accepted.
/// </summary>
public class UploadRaceTests
{
    private const int Clients = 100;
    private const int ChunkSize = 3;

    private static readonly RepositoryName A = Samples.Repository("a");

    private static readonly RegistryErrorCode[] Refusals =
        [RegistryErrorCode.UploadInUse, RegistryErrorCode.UploadOutOfOrder, RegistryErrorCode.UploadUnknown];

    [Fact]
    public async Task Of_a_hundred_on_one_upload_one_wins_each_place_and_the_content_is_true()
    {
        var rounds = Math.Max(1, FuzzSettings.Operations(2000) / Clients);
        foreach (var seed in FuzzSettings.Seeds(2))
        {
            await using var storage = await TestStorage.CreateAsync();
            var completed = 0;
            for (var round = 0; round < rounds; round++)
            {
                completed += await new Round(storage, seed, round).RunAsync();
            }

            Assert.True(completed > rounds / 2, $"FUZZ_SEED={seed}: only {completed} of {rounds} uploads became a blob to look at");
            Assert.Empty(await storage.Storage.Uploads.ListAsync());
        }
    }

    private sealed class Round(TestStorage storage, int seed, int round)
    {
        private readonly ConcurrentDictionary<long, byte[]> _accepted = new();
        private readonly ConcurrentQueue<(Digest Digest, byte[] Content)> _completed = new();
        private Guid _upload;
        private int _cancelled;

        // How many blobs it became: one, or none when it was cancelled.
        public async Task<int> RunAsync()
        {
            _upload = (await storage.Uploads.BeginAsync(A, null, DigestAlgorithm.Sha256)).Value.Id;
            await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => UseAsync(client))));
            var winners = _completed.Count + _cancelled;
            Assert.True(winners <= 1, $"{this}: {_completed.Count} completed it and {_cancelled} cancelled it");
            if (winners == 0)
            {
                var content = Received(_accepted.Count * ChunkSize);
                Assert.NotNull(content);
                await CompleteAsync(content);
                Assert.Single(_completed);
            }

            foreach (var (digest, content) in _completed)
            {
                Assert.Equal(content, await storage.Storage.Blobs.ReadAsync(digest));
                Assert.True(await storage.SeesBlobAsync(A, digest), $"{this}: the blob cannot be seen");
            }

            AssertRefused((await storage.Uploads.StatAsync(A, null, _upload)).Error, RegistryErrorCode.UploadUnknown);
            return _completed.Count;
        }

        public override string ToString() => $"FUZZ_SEED={seed}, round {round}";

        private async Task UseAsync(int client)
        {
            var random = new Random((((seed * 1_000_003) + round) * Clients) + client);
            var chunk = new byte[ChunkSize];
            random.NextBytes(chunk);
            switch (random.Next(1000))
            {
                case < 500:
                    // As docker does: to the Location it was told of. The answer may be lost, and the request be sent again.
                    if ((await storage.Uploads.StatAsync(A, null, _upload)).TryGet(out var session, out var unknown))
                    {
                        await AppendAsync(chunk, new ChunkPlace(session.Length, null, ChunkSize));
                    }
                    else
                    {
                        AssertRefused(unknown, RegistryErrorCode.UploadUnknown);
                    }

                    break;
                case < 800:
                    // All at the same few places.
                    var place = random.Next(4) * ChunkSize;
                    await AppendAsync(chunk, new ChunkPlace(null, new ChunkRange(place, place + ChunkSize - 1)));
                    break;
                case < 900:
                    await AppendAsync(chunk, default);
                    break;
                case < 930:
                    await BreakOffAsync(chunk);
                    break;
                case < 998:
                    if (Received(_accepted.Count * ChunkSize) is { } content)
                    {
                        await CompleteAsync(content);
                    }

                    break;
                default:
                    // Seldom, for most rounds must come to a blob.
                    if (await storage.Uploads.CancelAsync(A, null, _upload) is { } error)
                    {
                        AssertRefused(error, Refusals);
                    }
                    else
                    {
                        Interlocked.Increment(ref _cancelled);
                    }

                    break;
            }
        }

        private async Task AppendAsync(byte[] chunk, ChunkPlace place)
        {
            var result = await storage.Uploads.AppendAsync(A, null, _upload, place, Samples.Body(chunk), default);
            if (!result.TryGet(out var length, out var error))
            {
                AssertRefused(error, Refusals);
                return;
            }

            var first = place.Position ?? place.Range?.First;
            Assert.True(first is null || length == first + ChunkSize, $"{this}: a chunk for {place} ended at {length}");
            Assert.True(_accepted.TryAdd(length - ChunkSize, chunk), $"{this}: two chunks were accepted at {length - ChunkSize}");
            if (place.Position is not null)
            {
                AssertRefused((await storage.Uploads.AppendAsync(A, null, _upload, place, Samples.Body(chunk), default)).Error, Refusals);
            }
        }

        // A completion whose body breaks off leaves nothing behind, so that the places of the others stay as they are.
        private async Task BreakOffAsync(byte[] chunk)
        {
            try
            {
                AssertRefused(
                    (await storage.Uploads.CompleteAsync(A, null, _upload, Samples.Digest(chunk), default, BreakingBody.Create(overStream: false, chunk), default)).Error,
                    Refusals);
            }
            catch (IOException e)
            {
                Assert.Equal(BreakingBody.Message, e.Message);
            }
        }

        private async Task CompleteAsync(byte[] content)
        {
            var digest = Samples.Digest(content);
            if ((await storage.Uploads.CompleteAsync(A, null, _upload, digest, default, Samples.Body([]), default)).Error is { } error)
            {
                // Others may have gone on meanwhile, and then it is not this any more.
                AssertRefused(error, [.. Refusals, RegistryErrorCode.DigestMismatch]);
                return;
            }

            _completed.Enqueue((digest, content));
        }

        // Everything up to a length, as far as its requests have been answered; null when something is missing yet.
        private byte[]? Received(int length)
        {
            var content = new List<byte>();
            while (content.Count < length)
            {
                if (!_accepted.TryGetValue(content.Count, out var chunk))
                {
                    return null;
                }

                content.AddRange(chunk);
            }

            return [.. content];
        }

        private void AssertRefused(RegistryError? error, params RegistryErrorCode[] allowed) =>
            Assert.True(error is not null && allowed.Contains(error.Code), $"{this}: {error?.ToString() ?? "success"}");
    }
}
