using System.Net;
using Registry.Core.Fairness;

namespace Registry.Server.Tests.Uploads;

/// <summary>Queue of the storage threads, in which the networks of the callers take turns.</summary>
public sealed class StorageTurnTests
{
    // More than content that goes into the metadata.
    private const int Size = 64 * 1024;

    [Fact]
    public async Task Pushes_wait_in_the_line_of_their_network()
    {
        TestRegistry.SkipOnNodes("holds the threads that write files");
        await using var registry = await TestRegistry.StartAsync();
        var threads = registry.Host.Storage.Threads;
        using var gate = new ManualResetEventSlim();
        var held = new List<Task>();
        var pushes = new List<Task<Answer>>();
        try
        {
            do
            {
                held.Add(threads.RunAsync(gate.Wait));
            }
            while (threads.CountWaiting(ClientNetwork.Unknown) == 0);

            foreach (var from in new[] { "127.0.0.2", "127.0.0.2", "127.0.0.3" })
            {
                pushes.Add(PushAsync(registry.Client.BaseAddress!, IPAddress.Parse(from)));
            }

            await Eventually.HoldsAsync(
                () => Task.FromResult(threads.CountWaiting(Of("127.0.0.2")) == 2 && threads.CountWaiting(Of("127.0.0.3")) == 1), "all pushes wait");
        }
        finally
        {
            // The end of the registry waits for its threads.
            gate.Set();
        }

        Assert.All(await Task.WhenAll(pushes), answer => Check.Status(201, answer));
        await Task.WhenAll(held);

        static ClientNetwork Of(string address) => ClientNetwork.Of(IPAddress.Parse(address));
    }

    private static async Task<Answer> PushAsync(Uri address, IPAddress from)
    {
        var blob = TestBlob.Random(Size);
        using var connection = await RawConnection.OpenAsync(address, from);
        await connection.SendAsync($"POST /v2/t/blobs/uploads/?digest={blob.Digest} HTTP/1.1\r\nHost: r\r\nContent-Type: application/octet-stream\r\nContent-Length: {Size}\r\n\r\n");
        await connection.SendAsync(blob.Bytes);
        return await connection.ReadAnswerAsync();
    }
}
