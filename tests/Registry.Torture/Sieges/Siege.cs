using System.Diagnostics;
using System.Globalization;
using Registry.Testing;
using Registry.Torture.Attacks;
using Registry.Torture.Load;

namespace Registry.Torture.Sieges;

/// <summary>Attacks one registry for a while, beside honest clients: each kind of attack alone, then mixes of them, then peace.</summary>
/// <param name="run">Arguments of the scenario.</param>
/// <param name="isTls">Whether the registry has TLS.</param>
/// <param name="duration">Time for all of it.</param>
internal sealed class Siege(TortureRun run, bool isTls, TimeSpan duration)
{
    private const double ShortScale = 0.03;
    private const int DescriptorsMore = 32;
    private const long BytesMore = 64 << 20;

    private static readonly TimeSpan MixInShortForm = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Mix = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan MemoryPatience = TimeSpan.FromMinutes(3);

    private readonly Findings _findings = new();
    private readonly List<Phase> _alone = [];
    private readonly List<Phase> _mixes = [];
    private int _seed = isTls ? 1000 : 0;

    private string Name => isTls ? "TLS" : "plain";

    /// <summary>Runs it.</summary>
    /// <returns>The counts.</returns>
    /// <exception cref="ViolationException">A promise was not kept.</exception>
    public async Task<string> RunAsync()
    {
        await using var registry = await AttackedRegistry.StartAsync(isTls, run.IsShort ? ShortScale : 1, _findings);
        using var honest = new HonestLoad(registry.Target.Address, AttackedRegistry.Password, AttackedRegistry.Users, _findings);
        await honest.PrepareAsync();
        using var over = new CancellationTokenSource();
        var load = honest.RunAsync(run.Random(_seed), over.Token);
        var before = await PhaseAsync(registry, honest, "peace", run.IsShort ? TimeSpan.FromMilliseconds(500) : duration / 30, []);
        var descriptors = registry.Process.OpenDescriptors;
        var resident = registry.Process.ResidentBytes;
        try
        {
            await AttackAsync(registry, honest);
        }
        finally
        {
            await over.CancelAsync();
            await load;
        }

        var peace = await RecoverAsync(registry, descriptors, resident);
        var verified = await honest.VerifyAsync();
        var charged = registry.Group is { } group ? $"{group.Peak >> 20} MiB charged with page cache" : "no control group";
        var lines = registry.Log.Lines;
        _findings.ThrowIfAny($"{registry.Log.Trace}\n{registry.LastLines}");
        if (await registry.Process.StopAsync() is not 0 and var code)
        {
            throw new ViolationException($"the server ended with {code} instead of 0:\n{registry.Process.Output}");
        }

        return Summary(before, verified, honest, charged, peace, lines);
    }

    private async Task AttackAsync(AttackedRegistry registry, HonestLoad honest)
    {
        var attacks = Arsenal.Against(isTls).Where(attack => run.Point is null || run.Point == attack.Name).ToArray();
        run.Random(_seed).Shuffle(attacks);
        if (!run.IsShort)
        {
            foreach (var attack in attacks)
            {
                _alone.Add(await PhaseAsync(registry, honest, attack.Name, duration / 3 / attacks.Length, [attack]));
            }
        }

        // Some of them at once; all of them at last.
        var mixes = run.Point is not null && !run.IsShort ? 0 : run.Rounds((int)(duration / 2 / Mix), 1);
        for (var i = 1; i <= mixes; i++)
        {
            var random = run.Random(_seed + i);
            var mixed = i == mixes ? attacks : [.. attacks.Where(_ => random.Next(2) == 0)];
            run.Report($"{Name}, mix {i}: {string.Join(", ", mixed.Select(attack => attack.Name))}");
            _mixes.Add(await PhaseAsync(registry, honest, $"mix {i}", run.IsShort ? MixInShortForm : Mix, mixed));
        }
    }

    private async Task<Phase> PhaseAsync(AttackedRegistry registry, HonestLoad honest, string name, TimeSpan time, IAttack[] attacks)
    {
        var (refused, waited) = (honest.Refused, honest.Waited);
        registry.Process.ForgetPeak();
        var load = new MachineLoad();
        var sampler = new MemorySampler(registry);
        using var over = new CancellationTokenSource();
        var sampling = sampler.RunAsync(over.Token);
        IReadOnlyDictionary<string, Tally> tallies = new Dictionary<string, Tally>();
        if (attacks.Length == 0)
        {
            await Task.Delay(time);
        }
        else
        {
            tallies = await AttackerProcess.RunAsync(attacks, registry.Target, run.Random(++_seed).Next(), time);
        }

        await over.CancelAsync();
        await sampling;
        if (registry.Process.HasExited && sampler.Largest is { } last)
        {
            run.Report($"{Name}, {name}: before the end, {last}");
        }

        registry.Check(name);
        var phase = new Phase(
            $"{Name}, {name}", honest.Pulls.Take(), honest.Pushes.Take(), honest.Logins.Take(), honest.Refused - refused, honest.Waited - waited,
            registry.Process.PeakResidentBytes, sampler.Largest, sampler.Collections, $"{load}", tallies);
        run.Report(phase.ToString());
        return phase;
    }

    // Without attackers and honest clients, everything that was held for them is released.
    private async Task<string> RecoverAsync(AttackedRegistry registry, int descriptors, long resident)
    {
        var clock = Stopwatch.StartNew();
        try
        {
            await Eventually.HoldsAsync(
                async () =>
                {
                    registry.Check("the peace after the attack");
                    var series = await registry.Metrics.ReadAsync();
                    return (run.IsShort || ServerMetrics.Sum(series, "registry_uploads_active") == 0)
                        && ServerMetrics.Sum(series, "http_server_active_requests") == 0
                        && registry.Process.OpenDescriptors <= descriptors + DescriptorsMore;
                },
                $"no request and no upload is active, and there are {descriptors} open descriptors as before");
        }
        catch (TimeoutException e)
        {
            _findings.Add("what the attackers held is released", e.Message);
        }

        var released = clock.Elapsed;
        var metrics = await registry.Metrics.ReadAsync();
        if (ServerMetrics.Sum(metrics, "http_server_request_duration_seconds_count", "http_response_status_code=\"500\"") is > 0 and var faults)
        {
            _findings.Add("no client is answered 500", $"{faults} answers");
        }

        // The first collection after an attack is not forced: that it comes is what is waited for.
        while (!run.IsShort && registry.Process.ResidentBytes > resident + BytesMore && clock.Elapsed < MemoryPatience)
        {
            await Task.Delay(TimeSpan.FromSeconds(1));
        }

        var after = registry.Process.ResidentBytes;
        if (!run.IsShort && after > resident + BytesMore)
        {
            _findings.Add("memory is given back within minutes", $"{after >> 20} MiB resident {clock.Elapsed.TotalSeconds:f0} s after the attack, {resident >> 20} MiB before");
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"everything released after {released.TotalSeconds:f0} s, {after >> 20} MiB resident after {clock.Elapsed.TotalSeconds:f0} s, {resident >> 20} MiB before");
    }

    private string Summary(Phase before, int verified, HonestLoad honest, string charged, string peace, int lines)
    {
        List<Phase> all = [.. _alone, .. _mixes];
        var pulls = all.SelectMany(phase => phase.Pulls).Order().ToList();
        var logins = all.SelectMany(phase => phase.Logins).Order().ToList();
        var pushes = all.SelectMany(phase => phase.Pushes).Order().ToList();
        var worst = all.MaxBy(phase => phase.P99)!;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Name}: {_alone.Count} attacks alone, {_mixes.Count} mixes, {all.Sum(phase => phase.Tallies.Values.Sum(tally => tally["connections"]))} hostile connections; "
            + $"p50/p99 of honest clients: {Phase.Times("pulls", pulls)}, {Phase.Times("pushes", pushes)}, {Phase.Times("logins", logins)}; "
            + $"worst p99 of pulls {worst.P99:f0} ms ({worst.Name}), in peace {before.P99:f0} ms; {honest.Refused} honest requests refused and repeated after {honest.Waited.TotalSeconds:f0} s; "
            + $"{verified} pushed images verified; peak {all.Max(phase => phase.PeakBytes) >> 20} MiB resident, {charged}; {peace}; {lines} log lines that are no audit");
    }
}
