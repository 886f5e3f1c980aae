using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;
using Registry.Bench.Wire.Http;

namespace Registry.Bench.Targets;

/// <summary>P7: memory when idle, with many idle connections, and with several large pushes at once, in clear text and over TLS.</summary>
internal static class Memory
{
    private const string Target = "P7";
    private const string MiB = " MiB";
    private const int Pushes = 8;
    private const int FirstNumber = 1000;
    private const int IdleConnections = 10_000;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);

    /// <summary>Measures one set of servers.</summary>
    public static async Task RunAsync(TargetRun run, Field field, UploadSource source)
    {
        var (how, perConnection) = field == run.Secure ? (" over TLS", 40) : (string.Empty, 10);
        MeasurePushes(run, field, source, how);
        await using var fresh = await field.StartFreshAsync(run.Options.Settings);
        await Task.Delay(Settle);
        run.Board.Limit(Target, $"resident when idle{how}, a new process", Mebi(fresh.Meter.ResidentBytes()), Bound.AtMost(35, MiB));
        run.Board.Limit(
            Target, $"resident an idle connection{how}, of {IdleConnections} that have made a request", await PerConnectionAsync(fresh) / 1024,
            Bound.AtMost(perConnection, " KiB"));
    }

    // The target is peak memory; MB/s and CPU time are recorded as well.
    private static void MeasurePushes(TargetRun run, Field field, UploadSource source, string how)
    {
        var work = $"{Pushes} PUTs of {Units.Binary(source.Size)} at once{how}";
        var peaks = new List<string>();
        var ours = 0.0;
        List<UploadBody> bodies = [.. Enumerable.Range(0, Pushes).Select(i => source.Whole(FirstNumber + i))];
        foreach (var registry in field.OursAndPeers)
        {
            var sample = run.Measure(Target, work, registry, 0, Unit.Bytes, () =>
            {
                AtOnce.Run(Pushes, i =>
                {
                    using var connection = new HttpConnection(registry.Address);
                    Uploads.Put(connection, $"bench/at-once/{i}", bodies[i]);
                });
                return Pushes * source.Size;
            });
            LargePushes.CleanUp(registry, source);
            if (registry == field.Ours)
            {
                ours = Mebi(sample.PeakBytes);
            }
            else
            {
                peaks.Add($"{registry.Name} {Spread.Number(Mebi(sample.PeakBytes))}{MiB}");
            }
        }

        run.Board.Limit(Target, $"peak of {work}", ours, Bound.AtMost(110, MiB), string.Join(", ", peaks));
    }

    private static async Task<double> PerConnectionAsync(Contestant server)
    {
        // Memory that the first requests load is not part of the cost of a connection.
        using (IdleConnectionSet.Open(server.Address, 100))
        {
            await Task.Delay(Settle);
        }

        var before = server.Meter.ResidentBytes();
        using var idle = IdleConnectionSet.Open(server.Address, IdleConnections);
        await Task.Delay(Settle);
        return (server.Meter.ResidentBytes() - before) / (double)IdleConnections;
    }

    private static double Mebi(long bytes) => bytes / 1024.0 / 1024;
}
