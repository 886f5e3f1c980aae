using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;

namespace Registry.Bench.Targets;

/// <summary>P7: memory when idle, with many idle connections, and with several large pushes at once.</summary>
internal static class Memory
{
    private const string Target = "P7";
    private const string MiB = " MiB";
    private const int Pushes = 8;
    private const int FirstNumber = 1000;
    private const int IdleConnections = 10_000;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);

    public static async Task RunAsync(TargetRun run, UploadSource source)
    {
        Console.Error.WriteLine(Target);
        MeasurePushes(run, source);
        await using var fresh = await run.Field.StartFreshAsync(run.Options.Settings);
        await Task.Delay(Settle);
        run.Board.Limit(Target, "resident when idle, a new process", Mebi(fresh.Meter.ResidentBytes()), Bound.AtMost(60, MiB));
        run.Board.Limit(
            Target, $"resident an idle connection, of {IdleConnections} that have made a request", await PerConnectionAsync(fresh) / 1024, Bound.AtMost(10, " KiB"));
    }

    // The target is peak memory; MB/s and CPU time are recorded as well.
    private static void MeasurePushes(TargetRun run, UploadSource source)
    {
        var work = $"{Pushes} PUTs of {Units.Binary(source.Size)} at once";
        var peaks = new List<string>();
        var ours = 0.0;
        foreach (var registry in run.Field.Registries)
        {
            List<UploadBody> bodies = [.. Enumerable.Range(0, Pushes).Select(i => source.Whole(FirstNumber + i))];
            var sample = run.Measure(Target, work, registry, 0, Unit.Bytes, () =>
            {
                AtOnce.Run(Pushes, i =>
                {
                    using var connection = new HttpConnection(registry.Endpoint);
                    Uploads.Put(connection, $"bench/at-once/{i}", bodies[i]);
                });
                return Pushes * source.Size;
            });
            LargePushes.CleanUp(registry, source);
            if (registry == run.Field.Ours)
            {
                ours = Mebi(sample.PeakBytes);
            }
            else
            {
                peaks.Add($"{registry.Name} {Spread.Number(Mebi(sample.PeakBytes))}{MiB}");
            }
        }

        run.Board.Limit(Target, $"peak of {work}", ours, Bound.AtMost(150, MiB), string.Join(", ", peaks));
    }

    private static async Task<double> PerConnectionAsync(Contestant server)
    {
        // Memory that the first requests load is not part of the cost of a connection.
        await using (await IdleConnectionSet.OpenAsync(server.Endpoint, 100))
        {
            await Task.Delay(Settle);
        }

        var before = server.Meter.ResidentBytes();
        await using var idle = await IdleConnectionSet.OpenAsync(server.Endpoint, IdleConnections);
        await Task.Delay(Settle);
        return (server.Meter.ResidentBytes() - before) / (double)IdleConnections;
    }

    private static double Mebi(long bytes) => bytes / 1024.0 / 1024;
}
