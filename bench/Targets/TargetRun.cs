using System.Diagnostics;
using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;

namespace Registry.Bench.Targets;

/// <summary>A run of the targets: its servers, options, samples and profiles.</summary>
/// <param name="plain">The servers in clear text.</param>
/// <param name="secure">The servers over TLS.</param>
/// <param name="program">The published registry.</param>
/// <param name="options">Options of the run.</param>
internal sealed class TargetRun(Field plain, Field secure, RegistryProgram program, TargetOptions options)
{
    /// <summary>Number of connections of a load of small requests.</summary>
    public const int Connections = 32;

    private readonly List<Profile> _profiles = [];
    private readonly List<string> _failures = [];
    private bool _isProfiling;

    /// <summary>The servers in clear text.</summary>
    public Field Plain { get; } = plain;

    /// <summary>The servers over TLS.</summary>
    public Field Secure { get; } = secure;

    /// <summary>The published registry.</summary>
    public RegistryProgram Program { get; } = program;

    public TargetOptions Options { get; } = options;

    public Scoreboard Board { get; } = new();

    /// <summary>Profiles of the registry, one for each work, if asked for.</summary>
    public IReadOnlyList<Profile> Profiles => _profiles;

    /// <summary>Targets that could not be measured, and why.</summary>
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>Measures targets. A failure is reported at the end of the run: the other targets are still measured.</summary>
    public async Task TryAsync(string targets, Func<Task> measure)
    {
        try
        {
            await measure();
        }
#pragma warning disable CA1031 // Whatever fails, the samples so far must not be lost.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _failures.Add($"{targets}: {e.Message}");
            Console.Error.WriteLine($"{targets} failed: {e}");
        }
    }

    /// <summary>
    /// Measures each work for each server in turn, round by round, so that a disturbance of the machine affects all of them. Each round begins
    /// with another server, because the first one finds the machine as no other does. Profiles are taken in a round of their own, which is not
    /// measured.
    /// </summary>
    public void Interleave(IEnumerable<Contestant> contestants, params Action<Contestant, int>[] works)
    {
        List<Contestant> all = [.. contestants];
        for (var round = 0; round < Options.Rounds; round++)
        {
            foreach (var work in works)
            {
                for (var i = 0; i < all.Count; i++)
                {
                    work(all[(round + i) % all.Count], round);
                }
            }
        }

        _isProfiling = Options.Profiles;
        foreach (var work in _isProfiling ? works : [])
        {
            work(all.First(contestant => contestant.Name == Program.Name), Options.Rounds);
        }

        _isProfiling = false;
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
        if (_isProfiling)
        {
            using var profiler = Profiler.Start(contestant.Id);
            var sample = Sample(target, work, contestant, round, unit, run);
            _profiles.Add(new Profile(target, work, sample.Rate, unit, profiler.Finish()));
            return sample;
        }

        var measured = Sample(target, work, contestant, round, unit, run);
        Board.Add(measured);
        return measured;
    }

    private static Sample Sample(
        string target, string work, Contestant contestant, int round, Unit unit, Func<(double Amount, TimeSpan? Elapsed, double? P99)> run)
    {
        contestant.Meter.ResetPeakBytes();
        var client = Environment.CpuUsage.TotalTime;
        var cpu = contestant.Meter.CpuSeconds();
        var clock = Stopwatch.StartNew();
        var (amount, elapsed, p99) = run();
        var seconds = (elapsed ?? clock.Elapsed).TotalSeconds;
        return new Sample(
            target, work, contestant.Name, round, unit, amount, seconds, contestant.Meter.CpuSeconds() - cpu, contestant.Meter.PeakBytes(), p99,
            (Environment.CpuUsage.TotalTime - client).TotalSeconds);
    }
}
