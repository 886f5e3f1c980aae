using System.Security.Cryptography;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Transport.Fixtures;
using static Registry.Server.Tests.Transport.Fixtures.Turns;

namespace Registry.Server.Tests.Transport;

/// <summary>
/// Connections that end in the middle of a download release their descriptors, and the next connection or file gets the same numbers. Bytes
/// that are still being sent for the old one must never reach the new one.
/// </summary>
public sealed class ReusedDescriptorTests
{
    private const int Blobs = 16;
    private const int Rounds = 40;

    [Theory]
    [InlineData(TransportKind.Kestrel)]
    [InlineData(TransportKind.Direct)]
    public async Task No_client_gets_the_bytes_of_another(TransportKind transport)
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { Transport = transport }, isOnDisk: true);
        var blobs = new List<TestBlob>();
        for (var i = 0; i < Blobs; i++)
        {
            // Every page is of its blob alone, so a single wrong one is noticed.
            blobs.Add(await registry.Client.PushBlobAsync("t", TestBlob.Random((1024 * 1024) + (i * 4096))));
        }

        using var stop = new CancellationTokenSource();
        var breakers = Enumerable.Range(0, 8).Select(i => BreakOffAsync(registry, blobs, i, stop.Token)).ToList();
        await Task.WhenAll(blobs.Select(blob => DownloadAsync(registry, blob)));
        await stop.CancelAsync();

        Assert.All(await Task.WhenAll(breakers), count => Assert.True(count > 0, "Nothing was broken off."));
    }

    // A new connection every time, so that descriptors are reused.
    private static async Task DownloadAsync(TestRegistry registry, TestBlob blob)
    {
        for (var i = 0; i < Rounds; i++)
        {
            using var wire = await Wire.OpenAsync(registry);
            await Send(Get(blob, "Connection: close"))(wire);
            var answer = await wire.ReceiveAsync();
            Assert.Equal(200, answer.Status);
            Assert.Equal(blob.Digest, $"sha256:{Convert.ToHexStringLower(SHA256.HashData(answer.Body))}");
        }
    }

    private static async Task<int> BreakOffAsync(TestRegistry registry, List<TestBlob> blobs, int seed, CancellationToken stop)
    {
#pragma warning disable CA5394 // No secret: where to break off.
        var random = new Random(seed);
        var count = 0;
        for (; !stop.IsCancellationRequested; count++)
        {
            using var wire = await Wire.OpenAsync(registry, receiveBuffer: 16 * 1024);
            await Send(Get(blobs[random.Next(blobs.Count)]))(wire);
            await Take(random.Next(600_000))(wire);
            await (random.Next(2) == 0 ? Reset : Close)(wire);
        }
#pragma warning restore CA5394

        return count;
    }
}
