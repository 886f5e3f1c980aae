using System.Diagnostics;
using System.Globalization;
using System.Net;
using Registry.Bench.Peers;
using Registry.Bench.Wire;
using Registry.Bench.Wire.Http;
using Registry.Testing;

namespace Registry.Bench.Mirror;

/// <summary>
/// P15: many clients pull one cold layer at once through a mirror whose upstream is behind a link of 200 Mbit/s and 30 ms; the mirror of the registry, and that of distribution on the same
/// work.
/// </summary>
internal static class MirrorLoad
{
    private const int Clients = 100;
    private const double BytesPerSecond = 200e6 / 8;
    private const string Repository = "bench/layer";

    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(15);

    /// <summary>Prints the table.</summary>
    /// <param name="size">Size of the layer in MiB; null for 1024.</param>
    public static async Task RunAsync(string? size)
    {
        var bytes = (size is null ? 1024 : long.Parse(size, CultureInfo.InvariantCulture)) * 1024 * 1024;
        using var folders = new TemporaryFolder("bench");
        using var source = new UploadSource(bytes);
        await using var upstream = await RegistryServer.StartAsync(RegistryProgram.NamedOrJit, folders.Folder("upstream"), new Dictionary<string, string>());
        Console.Out.WriteLine($"{Clients} clients, a layer of {Units(bytes)}, which the link alone passes in {LinkSeconds(bytes):0.0} s.\n");
        Console.Out.WriteLine("| Mirror | From upstream / size | Slowest / link | First byte after its arrival, ms | CPU, s | Peak, MiB |\n|---|---:|---:|---:|---:|---:|");
        await MeasureAsync(upstream, source.Whole(1), async link =>
        {
            var file = Path.Combine(folders.Path, "mirror.json");
            await File.WriteAllTextAsync(file, $$"""{ "upstreams": [ { "name": "upstream", "url": "http://{{link}}", "prefix": "up" } ] }""");
            var settings = new Dictionary<string, string> { ["REGISTRY_MIRROR_CONFIG"] = file };
            return (await RegistryServer.StartAsync(RegistryProgram.NamedOrJit, folders.Folder("mirror"), settings), $"up/{Repository}");
        });
        var peer = Environment.GetEnvironmentVariable(DistributionServer.PeerVariable) ?? Programs.Find(DistributionServer.DebianName);
        if (peer is null)
        {
            Console.Out.WriteLine($"\ndistribution is not installed, and {DistributionServer.PeerVariable} names none.");
            return;
        }

        await MeasureAsync(
            upstream, source.Whole(2), async link => (await DistributionServer.StartMirrorAsync(DistributionServer.PeerName, peer, folders, new Uri($"http://{link}")), Repository));
    }

    private static async Task MeasureAsync(Contestant upstream, UploadBody layer, Func<IPEndPoint, Task<(Contestant Mirror, string Repository)>> startAsync)
    {
        using (var push = new HttpConnection(upstream.Address))
        {
            Uploads.Put(push, Repository, layer);
        }

        await using var link = new SlowLink(upstream.Address.EndPoint, BytesPerSecond, Delay);
        var (mirror, repository) = await startAsync(link.Address);
        await using (mirror)
        {
            // The mirror has asked the upstream before, as one that has run for a while has.
            using (var warm = new HttpConnection(mirror.Address))
            {
                warm.Exchange(404, "GET", $"/v2/{repository}/blobs/sha256:{new string('0', 64)}");
            }

            var (before, cpu) = (link.Received, mirror.Meter.CpuSeconds());
            mirror.Meter.ResetPeakBytes();
            var firsts = new long[Clients];
            var begun = Stopwatch.GetTimestamp();
            AtOnce.Run(Clients, i => firsts[i] = Pull(mirror, $"/v2/{repository}/blobs/{layer.Digest}", layer.Length));
            var took = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            var first = (firsts.Min() - link.BlobAt) * 1000.0 / Stopwatch.Frequency;
            Console.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {mirror.Name} {mirror.Version} | {(link.Received - before) / (double)layer.Length:0.000} | {took / LinkSeconds(layer.Length):0.00} | {first:0.0} | {mirror.Meter.CpuSeconds() - cpu:0.0} | {mirror.Meter.PeakBytes() / 1024.0 / 1024:0} |"));
        }
    }

    // Returns the time of the first byte of the body.
    private static long Pull(Contestant mirror, string target, long size)
    {
        using var connection = new HttpConnection(mirror.Address);
        long first = 0;
        long received = 0;
        connection.Read(target, piece =>
        {
            first = first == 0 ? Stopwatch.GetTimestamp() : first;
            received += piece.Length;
        });
        return received == size ? first : throw new InvalidOperationException($"{mirror.Name} ended a layer of {size} bytes after {received}.");
    }

    private static double LinkSeconds(long size) => (size / BytesPerSecond) + (2 * Delay.TotalSeconds);

    private static string Units(long bytes) => $"{bytes / 1024 / 1024} MiB";
}
