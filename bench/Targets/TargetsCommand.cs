using System.Diagnostics;
using System.Reflection;
using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;

namespace Registry.Bench.Targets;

/// <summary>Measures the performance targets P1 to P9 in one run, and writes the report.</summary>
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
        var folder = await ResultFolder.CreateAsync(options);
        var started = DateTime.UtcNow;
        await using var field = await Field.StartAsync(options.Settings);
        foreach (var missing in field.Missing)
        {
            Console.Error.WriteLine($"Missing: {missing}");
        }

        var run = new TargetRun(field, options);
        await MeasureAsync(run);
        var machine = await Machine.DescribeAsync(field.Ours.Folder);
        ReportWriter.Write(folder, run, machine, started);
        Console.Out.WriteLine(ReportWriter.VerdictTable(run.Board));
        Console.Out.WriteLine($"Written to {folder.Path}");
    }

    // Each line measures one target.
    private static async Task MeasureAsync(TargetRun run)
    {
        var options = run.Options;
        if (options.Wants("P1") || options.Wants("P2") || options.Wants("P3") || options.Wants("P7"))
        {
            using var source = new UploadSource(options.BlobSize);
            When("P1", () => LargePulls.Run(run, source));
            When(options.Wants("P2") ? "P2" : "P3", () => LargePushes.Run(run, source));
            if (options.Wants("P7"))
            {
                await Memory.RunAsync(run, source);
            }
        }

        When("P4", () => SmallRequests.RunManifests(run));
        When("P5", () => SmallRequests.RunBlobs(run));
        When("P6", () => ImageTraffic.Run(run));
        if (options.Wants("P8"))
        {
            Console.Error.WriteLine("P8");
            await Scale.RunAsync(run);
        }

        When("P9", () => Routing.Run(run));

        void When(string target, Action measure)
        {
            if (options.Wants(target))
            {
                Console.Error.WriteLine(target);
                measure();
            }
        }
    }
}
