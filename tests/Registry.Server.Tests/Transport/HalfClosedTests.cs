using System.Text;
using Microsoft.Extensions.Time.Testing;
using Registry.Server.Configuration;
using Registry.Server.Tests.Transport.Fixtures;

namespace Registry.Server.Tests.Transport;

/// <summary>
/// Clients that close their sending side right after their requests, such as <c>nc</c> with a file as its input: they get every response
/// whole, as from other servers. Kestrel's own transport does not promise this.
/// </summary>
public sealed class HalfClosedTests(HalfClosedTests.Fixture fixture) : IClassFixture<HalfClosedTests.Fixture>
{
    private const int Clients = 40;

    private static readonly TestBlob Pushed = TestBlob.Random(300_000);

    public static TheoryData<string> Requests => ["version", "manifest", "small", "large", "huge", "push", "refused push", "unknown", "pipelined"];

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Every_response_comes_whole(string request)
    {
        var (bytes, answers) = fixture.Requests[request];

        var received = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            using var connection = await RawConnection.OpenAsync(fixture.Registry);
            await connection.SendAsync(bytes);
            connection.EndSending();
            var statuses = new List<int>();
            foreach (var (_, body) in answers)
            {
                var answer = await connection.ReadAnswerAsync();
                Assert.True(body is null || body.AsSpan().SequenceEqual(answer.Body));
                statuses.Add((int)answer.Status);
            }

            Assert.True(await connection.IsClosedAsync());
            return statuses;
        }));

        Assert.All(received, statuses => Assert.Equal(answers.Select(answer => answer.Status), statuses));
    }

    [Fact]
    public async Task A_client_that_ends_its_side_and_reads_nothing_is_ended()
    {
        await using var registry = await TestRegistry.StartAsync(options => options with
        {
            IdleTimeout = TimeSpan.FromSeconds(2),
            Limits = new ConnectionTimes { MinBytesPerSecond = 1024 * 1024, SlowGrace = TimeSpan.FromSeconds(2) },
        });
        var blob = await registry.Client.PushBlobAsync("t", Samples.Make("half closed", 64 * 1024 * 1024));
        using var wire = await Wire.OpenAsync(registry, receiveBuffer: 64 * 1024);
        await Turns.Send(Turns.Get(blob))(wire);
        await Turns.EndSending(wire);

        await Eventually.HoldsAsync(
            () => Task.FromResult(registry.Log.Entries.Any(entry => entry.Message.Contains("the client has gone away", StringComparison.Ordinal))),
            "the registry gives up");
    }

    public sealed class Fixture : IAsyncLifetime
    {
        private readonly FakeTimeProvider _time = new();

        /// <summary>A registry whose clock stands still: no client counts as gone because the machine is slow.</summary>
        public TestRegistry Registry { get; private set; } = null!;

        /// <summary>Bytes to send, with status and body of the answers; null for a body that does not matter.</summary>
        internal Dictionary<string, (byte[] Bytes, (int Status, byte[]? Body)[] Answers)> Requests { get; } = [];

        public async ValueTask InitializeAsync()
        {
            Registry = await TestRegistry.StartAsync(time: _time);
            var image = await Registry.Client.PushAsync("t", TestImage.Create(), "latest");
            var (small, large, huge) = (TestBlob.Random(3000), TestBlob.Random(300_000), TestBlob.Random(8_000_000));
            foreach (var blob in (TestBlob[])[small, large, huge])
            {
                await Registry.Client.PushBlobAsync("t", blob);
            }

            string Get(string path) => $"GET {path} HTTP/1.1\r\nHost: registry\r\n\r\n";
            byte[] Post(string digest) =>
                [.. Encoding.ASCII.GetBytes($"POST /v2/t/blobs/uploads/?digest={digest} HTTP/1.1\r\nHost: registry\r\nContent-Length: {Pushed.Bytes.Length}\r\n\r\n"), .. Pushed.Bytes];
            void Add(string name, string requests, params (int, byte[]?)[] answers) => Requests[name] = (Encoding.ASCII.GetBytes(requests), answers);

            var manifest = (200, image.Manifest.Bytes);
            Add("version", Get("/v2/"), (200, "{}"u8.ToArray()));
            Add("manifest", Get("/v2/t/manifests/latest"), manifest);
            Add("small", Get(Samples.Path(small)), (200, small.Bytes));
            Add("large", Get(Samples.Path(large)), (200, large.Bytes));
            Add("huge", Get(Samples.Path(huge)), (200, huge.Bytes));
            Add("unknown", Get("/v2/t/manifests/none"), (404, null));
            Add(
                "pipelined",
                Get(Samples.Path(small)) + Get(Samples.Path(large)) + Get("/v2/t/manifests/none") + Get(Samples.Path(huge)) + Get("/v2/t/manifests/latest"),
                (200, small.Bytes), (200, large.Bytes), (404, null), (200, huge.Bytes), manifest);
            Requests["push"] = (Post(Pushed.Digest), [(201, null)]);
            Requests["refused push"] = (Post(small.Digest), [(400, null)]);
        }

        // A connection whose client had taken its answer just before is closed a second later.
        public async ValueTask DisposeAsync()
        {
            var stop = Registry.DisposeAsync().AsTask();
            await Eventually.HoldsAsync(
                () =>
                {
                    _time.Advance(TimeSpan.FromSeconds(1));
                    return Task.FromResult(stop.IsCompleted);
                },
                "the registry stops");
            await stop;
        }
    }
}
