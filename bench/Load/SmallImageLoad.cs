using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Oci;
using Registry.Server.Configuration;
using Registry.Server.Hosting;

namespace Registry.Bench.Load;

/// <summary>
/// Pushes and pulls of small images (a config, two layers of 4 KiB, a manifest), as a build farm makes them: what counts is the cost of a
/// durable commit, and how much of it concurrent pushes share.
/// </summary>
internal static class SmallImageLoad
{
    private const int LayerSize = 4096;
    private static readonly int[] Concurrencies = [1, 8, 64];

    /// <summary>Measures a registry in this process, or the one at a URL.</summary>
    public static async Task RunAsync(string? url)
    {
        var folder = url is null ? Directory.CreateTempSubdirectory("registry-bench-") : null;
        RegistryHost? host = null;
        try
        {
            if (folder is not null)
            {
                var options = new RegistryOptions { Host = "127.0.0.1", Port = 0, StoragePath = folder.FullName };
                host = await RegistryHost.StartAsync(options, TimeProvider.System, NullLoggerFactory.Instance);
            }

            using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64 })
            {
                BaseAddress = new Uri(url ?? host!.Addresses[0]),
            };
            await MeasureAsync(client, 8, 200);
            Console.Out.WriteLine("| At once | Pushes/s | Pulls/s |\n|---:|---:|---:|");
            foreach (var concurrency in Concurrencies)
            {
                var (pushes, pulls) = await MeasureAsync(client, concurrency, 100 * Math.Min(concurrency, 8));
                Console.Out.WriteLine($"| {concurrency} | {pushes:0} | {pulls:0} |");
            }
        }
        finally
        {
            if (host is not null)
            {
                await host.DisposeAsync();
            }

            folder?.Delete(recursive: true);
        }
    }

    private static async Task<(double Pushes, double Pulls)> MeasureAsync(HttpClient client, int concurrency, int count)
    {
        var run = Guid.NewGuid().ToString("N");
        var pushes = await RateAsync(concurrency, count, i => PushAsync(client, $"bench/{run}/{i % concurrency}", $"t{i}"));
        var pulls = await RateAsync(concurrency, count, i => PullAsync(client, $"bench/{run}/{i % concurrency}", $"t{i}"));
        return (pushes, pulls);
    }

    private static async Task<double> RateAsync(int concurrency, int count, Func<int, Task> work)
    {
        var clock = Stopwatch.StartNew();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, concurrency).Select(async _ =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < count;)
            {
                await work(i);
            }
        }));
        return count / clock.Elapsed.TotalSeconds;
    }

    private static async Task PushAsync(HttpClient client, string repository, string tag)
    {
        var config = await PushBlobAsync(client, repository, Encoding.UTF8.GetBytes($$"""{"id":"{{Guid.NewGuid()}}"}"""));
        var first = await PushBlobAsync(client, repository, RandomNumberGenerator.GetBytes(LayerSize));
        var second = await PushBlobAsync(client, repository, RandomNumberGenerator.GetBytes(LayerSize));
        const string Layer = "application/vnd.oci.image.layer.v1.tar";
        var manifest = $$"""
            {"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}",
             "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{config}}","size":45},
             "layers":[{"mediaType":"{{Layer}}","digest":"{{first}}","size":{{LayerSize}}},
                       {"mediaType":"{{Layer}}","digest":"{{second}}","size":{{LayerSize}}}]}
            """;
        using var content = new StringContent(manifest, new MediaTypeHeaderValue(MediaTypes.OciManifest));
        using var put = await client.PutAsync(new Uri($"/v2/{repository}/manifests/{tag}", UriKind.Relative), content);
        put.EnsureSuccessStatusCode();
    }

    private static async Task<Digest> PushBlobAsync(HttpClient client, string repository, byte[] bytes)
    {
        var digest = DigestAlgorithm.Sha256.Compute(bytes);
        using var post = await client.PostAsync(new Uri($"/v2/{repository}/blobs/uploads/", UriKind.Relative), null);
        post.EnsureSuccessStatusCode();
        var location = post.Headers.Location!.OriginalString;
        using var content = new ByteArrayContent(bytes);
        using var put = await client.PutAsync(
            new Uri($"{location}{(location.Contains('?', StringComparison.Ordinal) ? '&' : '?')}digest={digest}", UriKind.RelativeOrAbsolute), content);
        put.EnsureSuccessStatusCode();
        return digest;
    }

    private static async Task PullAsync(HttpClient client, string repository, string tag)
    {
        var manifest = await client.GetByteArrayAsync(new Uri($"/v2/{repository}/manifests/{tag}", UriKind.Relative));
        var read = ManifestReader.Read(manifest, MediaTypes.OciManifest).Value;
        foreach (var blob in read.Blobs)
        {
            await client.GetByteArrayAsync(new Uri($"/v2/{repository}/blobs/{blob.Digest}", UriKind.Relative));
        }
    }
}
