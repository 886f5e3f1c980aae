using System.Diagnostics;
using System.Net;
using Registry.Bench.Peers;
using Registry.Bench.Wire;
using Registry.Testing;

namespace Registry.Bench.Load;

/// <summary>
/// Measures pushes and pulls of small images, which depend on the cost of a durable commit and on how many pushes share one.
/// </summary>
internal static class SmallImageLoad
{
    private static readonly int[] Concurrencies = [1, 8, 64];

    /// <summary>Measures a new server, or the one at an address and port.</summary>
    public static async Task RunAsync(string? endpoint)
    {
        using var folder = new TemporaryFolder("load");
        await using var server = endpoint is null ? await RegistryServer.StartAsync(RegistryProgram.Jit, folder.Path, new Dictionary<string, string>()) : null;
        var images = new SmallImages(server?.Address ?? new ServerAddress(Parse(endpoint!), IsTls: false));
        Measure(images, 8, 200);
        Console.Out.WriteLine("| At once | Pushes/s | Pulls/s |\n|---:|---:|---:|");
        foreach (var atOnce in Concurrencies)
        {
            var (pushes, pulls) = Measure(images, atOnce, 100 * Math.Min(atOnce, 8));
            Console.Out.WriteLine($"| {atOnce} | {pushes:0} | {pulls:0} |");
        }
    }

    private static IPEndPoint Parse(string endpoint) => IPEndPoint.TryParse(endpoint, out var parsed)
        ? parsed
        : throw new ArgumentException($"'{endpoint}' is not an address and port, such as 127.0.0.1:15000.");

    private static (double Pushes, double Pulls) Measure(SmallImages images, int atOnce, int count)
    {
        var repository = $"bench/{Guid.NewGuid():N}";
        return (Rate(count, () => images.Push(repository, count, atOnce)), Rate(count, () => images.Pull(repository, count, count, atOnce)));
    }

    private static double Rate(int count, Action work)
    {
        var clock = Stopwatch.StartNew();
        work();
        return count / clock.Elapsed.TotalSeconds;
    }
}
