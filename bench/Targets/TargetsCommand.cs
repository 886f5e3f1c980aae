using System.Diagnostics;
using System.Reflection;
using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;
using Registry.Testing;

namespace Registry.Bench.Targets;

/// <summary>Measures the performance targets P1 to P14 in one run, and writes the report.</summary>
internal static class TargetsCommand
{
    private static bool IsDebugBuild => typeof(TargetsCommand).Assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled == true;

    public static async Task RunAsync(string[] arguments)
    {
        if (IsDebugBuild)
        {
            throw new ArgumentException("Measuring targets needs a Release build: dotnet run -c Release --project bench -- targets");
        }

        var options = TargetOptions.Parse(arguments);
        if (options.Profiles)
        {
            Profiler.Require();
        }

        var results = await ResultFolder.CreateAsync(options);
        var started = DateTime.UtcNow;
        using var folder = new TemporaryFolder("program");
        Console.Error.WriteLine("The program");
        var program = await RegistryProgram.PublishedAsync(results.Root, folder.Path);
        await using var plain = await Field.StartAsync(program, options.Settings, isTls: false);
        await using var secure = await Field.StartAsync(program, options.Settings, isTls: true);
        foreach (var missing in plain.Missing)
        {
            Console.Error.WriteLine($"Missing: {missing}");
        }

        var run = new TargetRun(plain, secure, program, options);
        await MeasureAsync(run);
        var machine = await Machine.DescribeAsync(plain.Ours.Folder);
        ReportWriter.Write(results, run, machine, started);
        Console.Out.WriteLine(ReportWriter.VerdictTable(run.Board));
        Console.Out.WriteLine($"Written to {results.Path}");
        if (run.Failures.Count > 0)
        {
            throw new InvalidOperationException($"Not measured: {string.Join("; ", run.Failures)}");
        }
    }

    // Each line measures one target.
    private static async Task MeasureAsync(TargetRun run)
    {
        var options = run.Options;
        if (options.Wants("P1", "P2", "P3", "P7", "P10", "P11", "P13"))
        {
            using var source = new UploadSource(options.BlobSize);
            await When(["P1"], () => LargePulls.Run(run, source));
            await When(["P10"], () => LargePulls.RunOverTls(run, source));
            await When(["P13"], () => PartialPulls.Run(run, run.Plain, source));
            await When(["P13"], () => PartialPulls.Run(run, run.Secure, source));

            // From here on, large blobs are removed behind the servers' backs.
            await When(["P2", "P3"], () => LargePushes.Run(run, source));
            await When(["P11"], () => LargePushes.RunOverTls(run, source));
            await WhenAsync(["P7"], () => Memory.RunAsync(run, run.Plain, source));
            await WhenAsync(["P7"], () => Memory.RunAsync(run, run.Secure, source));
        }

        await When(["P4"], () => SmallRequests.RunManifests(run));
        await When(["P5"], () => SmallRequests.RunBlobs(run));
        await When(["P12"], () => SmallRequests.RunOverTls(run));
        await When(["P6"], () => ImageTraffic.Run(run));
        await WhenAsync(["P8"], () => Scale.RunAsync(run));
        await When(["P9"], () => Routing.Run(run));
        await WhenAsync(["P14"], () => ManyNodes.RunAsync(run));

        Task When(string[] targets, Action measure) => WhenAsync(targets, () =>
        {
            measure();
            return Task.CompletedTask;
        });

        Task WhenAsync(string[] targets, Func<Task> measure)
        {
            if (!options.Wants(targets))
            {
                return Task.CompletedTask;
            }

            Console.Error.WriteLine($"{string.Join(" and ", targets)}, {DateTime.UtcNow:HH:mm:ss}");
            return run.TryAsync(string.Join(" and ", targets), measure);
        }
    }
}
