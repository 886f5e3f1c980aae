using System.Globalization;
using Registry.Bench.Peers;
using Registry.Testing;
using Registry.Testing.Workloads;

namespace Registry.Bench.Load;

/// <summary>Runs the workloads of the load tests with the small driver, against a new server or the one at a URL.</summary>
internal static class WorkloadLoad
{
    private const string Usage = "Usage: load [URL] [--seconds N] [workload …]";

    public static async Task RunAsync(string[] arguments)
    {
        var (url, duration, workloads) = Parse(arguments);
        using var folder = new TemporaryFolder("load");
        await using var server = url is null ? await RegistryServer.StartAsync(RegistryProgram.Jit, folder.Path, new Dictionary<string, string>()) : null;
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false })
        {
            BaseAddress = url ?? new Uri($"http://{server!.Address}"),
        };
        Console.Out.WriteLine("| Workload | Users | Iterations | Failed | a second | MB/s | p50 ms | p99 ms |\n|---|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var workload in workloads)
        {
            await workload.PrepareAsync(client);
            var result = await WorkloadDriver.RunAsync(workload, client, workload.Users, duration);
            var megabytes = result.Bytes / 1e6 / result.Elapsed.TotalSeconds;
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {workload.Name} | {workload.Users} | {result.Milliseconds.Count} | {result.Failures.Count} | {result.Rate:0.0} | {megabytes:0.0} | {result.Percentile(50):0.0} | {result.Percentile(99):0.0} |"));
            foreach (var failure in result.Failures.Distinct().Take(5))
            {
                Console.Error.WriteLine($"  {failure}");
            }
        }
    }

    private static (Uri? Url, TimeSpan Duration, IReadOnlyList<IWorkload> Workloads) Parse(string[] arguments)
    {
        Uri? url = null;
        var seconds = 10;
        var all = Workload.CreateAll();
        var chosen = new List<IWorkload>();
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--seconds" && i + 1 < arguments.Length && int.TryParse(arguments[i + 1], CultureInfo.InvariantCulture, out seconds))
            {
                i++;
            }
            else if (all.FirstOrDefault(workload => workload.Name == arguments[i]) is { } workload)
            {
                chosen.Add(workload);
            }
            else if (!Uri.TryCreate(arguments[i], UriKind.Absolute, out url))
            {
                throw new ArgumentException(
                    $"'{arguments[i]}' is neither a URL nor a workload.\n{Usage}\n{string.Join('\n', all.Select(w => $"  {w.Name,-16} {w.Subject}"))}");
            }
        }

        return (url, TimeSpan.FromSeconds(seconds), chosen.Count > 0 ? chosen : all);
    }
}
