using System.Globalization;
using Registry.Bench.Peers;
using Registry.Bench.Wire;
using Registry.Bench.Wire.Http;
using Registry.Testing;

namespace Registry.Bench.Mirror;

/// <summary>
/// P15: many clients pull one cold layer at once through a mirror whose upstream is behind a link of 200 Mbit/s and 30 ms; the mirror of the registry, and that of distribution on the same
/// work. Before them, what the link and the machine can do: one client without a mirror, and the clients at nginx, which has the layer.
/// </summary>
internal static class MirrorLoad
{
    private const int ByDefault = 100;
    private const double BytesPerSecond = 200e6 / 8;
    private const string Repository = "bench/layer";

    // A mirror that fetches once for each client takes as many times as long.
    private const int Patience = 4;

    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(15);

    /// <summary>Prints the table.</summary>
    /// <param name="size">Size of the layer in MiB; null for 1024.</param>
    /// <param name="count">Number of clients; null for 100.</param>
    public static async Task RunAsync(string? size, string? count)
    {
        var bytes = (size is null ? 1024 : long.Parse(size, CultureInfo.InvariantCulture)) * 1024 * 1024;
        var clients = count is null ? ByDefault : int.Parse(count, CultureInfo.InvariantCulture);
        using var folders = new TemporaryFolder("bench");
        using var source = new UploadSource(bytes);
        await using var upstream = await RegistryServer.StartAsync(RegistryProgram.NamedOrJit, folders.Folder("upstream"), new Dictionary<string, string>());
        await using var link = new SlowLink(upstream.Address.EndPoint, BytesPerSecond, Delay);
        Console.Out.WriteLine($"{clients} clients, a layer of {bytes / 1024 / 1024} MiB, which the link alone passes in {LinkSeconds(bytes):0.0} s.\n");
        Console.Out.WriteLine(PullTimes.Head);
        var layer = source.Whole(1);
        Push(upstream, layer);
        if (Programs.Find(NginxServer.Name) is { } nginx)
        {
            await using var server = await NginxServer.StartAsync(nginx, upstream.Folder, folders, certificate: null);
            await MeasureAsync(new PullTimes("nginx, which has the layer", server.Address, NginxServer.BlobPath(layer.Digest), layer, link, server), clients);
        }

        var direct = new ServerAddress(link.Address, IsTls: false);
        await MeasureAsync(new PullTimes("no mirror, one client", direct, $"/v2/{Repository}/blobs/{layer.Digest}", layer, link), 1);
        var file = Path.Combine(folders.Path, "mirror.json");
        await File.WriteAllTextAsync(file, $$"""{ "upstreams": [ { "name": "upstream", "url": "http://{{link.Address}}", "prefix": "up" } ] }""");
        var settings = new Dictionary<string, string> { ["REGISTRY_MIRROR_CONFIG"] = file };
        await MeasureMirrorAsync(
            await RegistryServer.StartAsync(RegistryProgram.NamedOrJit, folders.Folder("mirror"), settings), $"up/{Repository}", layer, link, clients);

        var peer = Environment.GetEnvironmentVariable(DistributionServer.PeerVariable) ?? Programs.Find(DistributionServer.DebianName);
        if (peer is null)
        {
            Console.Out.WriteLine($"\ndistribution is not installed, and {DistributionServer.PeerVariable} names none.");
            return;
        }

        var other = source.Whole(2);
        Push(upstream, other);
        await MeasureMirrorAsync(
            await DistributionServer.StartMirrorAsync(DistributionServer.PeerName, peer, folders, new Uri($"http://{link.Address}")), Repository, other, link, clients);
    }

    private static void Push(Contestant upstream, UploadBody layer)
    {
        using var push = new HttpConnection(upstream.Address);
        Uploads.Put(push, Repository, layer);
    }

    private static async Task MeasureMirrorAsync(Contestant mirror, string repository, UploadBody layer, SlowLink link, int clients)
    {
        await using (mirror)
        {
            // The mirror has asked the upstream before, as one that has run for a while has.
            using (var warm = new HttpConnection(mirror.Address))
            {
                warm.Exchange(404, "GET", $"/v2/{repository}/blobs/sha256:{new string('0', 64)}");
            }

            await MeasureAsync(new PullTimes($"{mirror.Name} {mirror.Version}", mirror.Address, $"/v2/{repository}/blobs/{layer.Digest}", layer, link, mirror), clients);
        }
    }

    private static async Task MeasureAsync(PullTimes times, int clients)
    {
        var seconds = LinkSeconds(times.Layer.Length);
        Console.Out.WriteLine(await times.RunAsync(clients, seconds, TimeSpan.FromSeconds(Patience * seconds)));
    }

    private static double LinkSeconds(long size) => (size / BytesPerSecond) + (2 * Delay.TotalSeconds);
}
