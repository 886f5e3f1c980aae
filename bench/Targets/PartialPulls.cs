using System.Diagnostics;
using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;
using Registry.Bench.Wire.Http;

namespace Registry.Bench.Targets;

/// <summary>P13: many small ranges of a large blob in one request, as clients pull the changed chunks of an image, beside one range of the same sum.</summary>
internal static class PartialPulls
{
    private const string Target = "P13";
    private const int Ranges = 1024;
    private const int RangeSize = 4096;

    /// <summary>Measures one set of servers.</summary>
    public static void Run(TargetRun run, Field field, UploadSource source)
    {
        var how = field == run.Secure ? " over TLS" : string.Empty;
        var one = $"GET one range of {Units.Binary(Ranges * RangeSize)}{how}";
        var many = $"GET {Ranges:N0} ranges of 4 KiB in one request{how}";
        var stride = source.Size / Ranges;
        var whole = $"bytes=0-{(Ranges * RangeSize) - 1}";
        var parts = $"bytes={string.Join(',', Enumerable.Range(0, Ranges).Select(i => $"{i * stride}-{(i * stride) + RangeSize - 1}"))}";
        List<Contestant> contestants = [.. field.Registries.Where(registry => registry == field.Ours || registry.Name == RegistryProgram.Jit.Name)];
        if (field.Nginx is { } nginx)
        {
            contestants.Add(nginx);
        }

        var blob = LargePulls.Prepare(contestants, source);
        run.Interleave(contestants, Work(one, whole), Work(many, parts));
        run.Board.CompareWorks(Target, many, Target, one, Bound.AtLeast(0.5));

        Action<Contestant, int> Work(string name, string range) => (contestant, round) =>
        {
            using var connection = new HttpConnection(contestant.Address);
            run.Measure(Target, name, contestant, round, Unit.Bytes, () =>
            {
                var requests = 0L;
                for (var clock = Stopwatch.StartNew(); clock.Elapsed < run.Options.SampleTime; requests++)
                {
                    connection.Discard(LargePulls.PathAt(contestant, blob), range);
                }

                return requests * Ranges * RangeSize;
            });
        };
    }
}
