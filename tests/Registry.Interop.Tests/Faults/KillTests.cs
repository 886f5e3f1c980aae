using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Registry.Testing;
using Registry.Testing.Layouts;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Faults;

/// <summary>The server is killed with SIGKILL while clients push. Content confirmed with 201 must exist after a restart.</summary>
public sealed class KillTests : IDisposable
{
    private const int Rounds = 4;
    private const int Pushers = 6;
    private const string Repository = "kill/pushed";

    private readonly TemporaryFolder _storage = new("kill");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _storage.Dispose();

    [Fact]
    public async Task Everything_confirmed_with_201_is_there_after_kill_and_restart()
    {
        int seed = Seed.Choose("KILL_SEED");
        TestContext.Current.TestOutputHelper?.WriteLine($"KILL_SEED={seed}");
        await using RegistryProcess registry = await RegistryProcess.StartAsync(_storage.Path, cancellationToken: Cancellation);
        var confirmed = new Confirmed();
        for (int round = 0; round < Rounds; round++)
        {
            var random = new Random((seed * 1000) + round);
            int before = confirmed.Manifests.Count;
            using var http = new RegistryHttp(registry.BaseAddress);
            Task[] pushers = [.. Enumerable.Range(0, Pushers).Select(_ => PushUntilItDiesAsync(registry, http, confirmed, new Random(random.Next())))];
            // Not before something is confirmed, then at any point of the pushes that follow.
            await Eventually.HoldsAsync(
                () => Task.FromResult(confirmed.Manifests.Count > before || pushers.Any(pusher => pusher.IsCompleted)), "an image is pushed");
            await Task.Delay(random.Next(0, 250), Cancellation);
            registry.Kill();
            await Task.WhenAll(pushers);

            await registry.StartAgainAsync(Cancellation);
            using var after = new RegistryHttp(registry.BaseAddress);
            await AssertThereAsync(after, confirmed, registry, round);
        }
        Assert.True(confirmed.Manifests.Count >= Rounds, "Too little was confirmed to show anything.");
    }

    [Fact]
    public async Task An_upload_goes_on_after_kill_and_restart_from_the_offset_that_is_reported()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(_storage.Path, cancellationToken: Cancellation);
        byte[] content = TarArchive.RandomPayload(4 * 1024 * 1024);
        const int First = 1024 * 1024;
        string location;
        Task interrupted;
        var halfSent = new TaskCompletionSource();
        var killed = new TaskCompletionSource();
        using (var http = new RegistryHttp(registry.BaseAddress))
        {
            location = await http.StartUploadAsync("kill/resumed", Cancellation);
            location = await http.PatchAsync(location, new ByteArrayContent(content, 0, First), Cancellation);
            interrupted = http.PatchAsync(location, new StallingContent(content.AsMemory(First, First), halfSent, killed.Task), Cancellation);
            await halfSent.Task.WaitAsync(Cancellation);
            registry.Kill();
            killed.SetResult();
            Exception thrown = await Assert.ThrowsAnyAsync<Exception>(() => interrupted);
            Assert.True(registry.Explains(thrown), thrown.ToString());
        }

        await registry.StartAgainAsync(Cancellation);

        using var after = new RegistryHttp(registry.BaseAddress);
        string path = new Uri(registry.BaseAddress, location).PathAndQuery;
        using HttpResponseMessage status = await after.GetAsync(path, Cancellation);
        await RegistryHttp.ExpectAsync(status, HttpStatusCode.NoContent);
        int received = int.Parse(Assert.Single(status.Headers.GetValues("Range")).Split('-')[1], CultureInfo.InvariantCulture) + 1;
        Assert.InRange(received, First, 2 * First);

        var rest = new ByteArrayContent(content, received, content.Length - received);
        rest.Headers.TryAddWithoutValidation("Content-Range", $"{received}-{content.Length - 1}");
        string digest = OciLayoutBuilder.DigestOf(content);
        location = await after.PatchAsync(new Uri(registry.BaseAddress, RegistryHttp.LocationOf(status)).PathAndQuery, rest, Cancellation);
        await after.FinishUploadAsync(location, digest, cancellationToken: Cancellation);
        Assert.Equal(content, await after.ReadBlobAsync("kill/resumed", digest, Cancellation));
    }

    private static async Task PushUntilItDiesAsync(RegistryProcess registry, RegistryHttp http, Confirmed confirmed, Random random)
    {
        try
        {
            while (true)
            {
                var layout = new OciLayoutBuilder();
                byte[] layer = TarArchive.RandomPayload(random.Next(1, 300_000));
                OciLayer added = new(layout.AddBlob(layer, OciLayoutBuilder.LayerType), OciLayoutBuilder.DigestOf(layer));
                OciDescriptor image = layout.AddImage([added]);
                foreach ((string digest, byte[] blob) in layout.Content.Where(entry => entry.Key != image.Digest))
                {
                    await http.PushBlobAsync(Repository, blob, Cancellation);
                    confirmed.Blobs[digest] = blob.Length;
                }
                string tag = image.Digest[7..23];
                await http.PushManifestAsync(Repository, tag, image.MediaType, layout.Content[image.Digest], Cancellation);
                confirmed.Manifests[tag] = image.Digest;
            }
        }
        catch (Exception exception) when (registry.Explains(exception))
        {
            // Killed, as intended.
        }
    }

    private static async Task AssertThereAsync(RegistryHttp http, Confirmed confirmed, RegistryProcess registry, int round)
    {
        try
        {
            foreach ((string tag, string digest) in confirmed.Manifests)
            {
                StoredImage stored = await http.ReadImageAsync(Repository, tag, Cancellation);
                Assert.Equal(digest, stored.Digest);
                Assert.Equal(digest, (await http.ReadImageAsync(Repository, digest, Cancellation)).Digest);
            }
            foreach ((string digest, int length) in confirmed.Blobs)
            {
                Assert.Equal(length, (await http.ReadBlobAsync(Repository, digest, Cancellation)).Length);
            }
            HashSet<string> tags = [.. await http.ReadTagsAsync(Repository, Cancellation)];
            Assert.All(confirmed.Manifests.Keys, tag => Assert.Contains(tag, tags));
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new InvalidOperationException($"After kill number {round + 1}: {exception.Message}\nThe server printed:\n{registry.Output}", exception);
        }
    }

    /// <summary>Content whose push was answered with 201.</summary>
    private sealed class Confirmed
    {
        public ConcurrentDictionary<string, int> Blobs { get; } = new();

        /// <summary>Digests by tag.</summary>
        public ConcurrentDictionary<string, string> Manifests { get; } = new();
    }

    /// <summary>Body that sends half of the content, then waits until the server has been killed.</summary>
    private sealed class StallingContent(ReadOnlyMemory<byte> content, TaskCompletionSource halfSent, Task killed) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(content[..(content.Length / 2)]);
            await stream.FlushAsync();
            halfSent.SetResult();
            await killed;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
