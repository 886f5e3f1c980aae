using System.Diagnostics;
using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;

namespace Registry.Bench.Targets;

/// <summary>A run of the targets: its servers, options and samples.</summary>
internal sealed class TargetRun(Field field, TargetOptions options)
{
    /// <summary>Number of connections of a load of small requests.</summary>
    public const int Connections = 32;

    public Field Field { get; } = field;

    public TargetOptions Options { get; } = options;

    public Scoreboard Board { get; } = new();

    /// <summary>Measures each work for each server in turn, round by round, so that a disturbance of the machine affects all of them.</summary>
    public void Interleave(IEnumerable<Contestant> contestants, params Action<Contestant, int>[] works)
    {
        List<Contestant> all = [.. contestants];
        for (var round = 0; round < Options.Rounds; round++)
        {
            foreach (var work in works)
            {
                foreach (var contestant in all)
                {
                    work(contestant, round);
                }
            }
        }
    }

    /// <summary>Measures one work once.</summary>
    /// <returns>The sample, which is on the board.</returns>
    public Sample Measure(string target, string work, Contestant contestant, int round, Unit unit, Func<double> run) =>
        Measure(target, work, contestant, round, unit, () => (run(), null, null));

    /// <summary>Measures one load of small requests.</summary>
    public Sample Measure(string target, string work, Contestant contestant, int round, RequestLoop loop) =>
        Measure(target, work, contestant, round, Unit.Requests, () =>
        {
            var result = loop.Run(Options.SampleTime);
            return (result.Requests, result.Elapsed, result.P99);
        });

    private Sample Measure(
        string target, string work, Contestant contestant, int round, Unit unit, Func<(double Amount, TimeSpan? Elapsed, double? P99)> run)
    {
        contestant.Meter.ResetPeakBytes();
        var cpu = contestant.Meter.CpuSeconds();
        var clock = Stopwatch.StartNew();
        var (amount, elapsed, p99) = run();
        var seconds = (elapsed ?? clock.Elapsed).TotalSeconds;
        var sample = new Sample(
            target, work, contestant.Name, round, unit, amount, seconds, contestant.Meter.CpuSeconds() - cpu, contestant.Meter.PeakBytes(), p99);
        Board.Add(sample);
        return sample;
    }
}
