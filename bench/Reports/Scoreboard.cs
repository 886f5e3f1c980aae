using System.Globalization;
using Registry.Bench.Peers;

namespace Registry.Bench.Reports;

/// <summary>The samples of a run, and the verdicts on the targets.</summary>
internal sealed class Scoreboard
{
    private readonly List<Sample> _samples = [];
    private readonly List<Verdict> _verdicts = [];

    /// <summary>Number of a target in a sort order: 10 for P10.</summary>
    public static int Order(string target) => int.Parse(target.AsSpan(1), CultureInfo.InvariantCulture);

    /// <summary>Every sample, in the order of measurement.</summary>
    public IReadOnlyList<Sample> Samples => _samples;

    /// <summary>Every target, in the order of the targets.</summary>
    public IReadOnlyList<Verdict> Verdicts => _verdicts;

    public void Add(Sample sample)
    {
        _samples.Add(sample);
        Console.Error.WriteLine(
            $"  {sample.Target} {sample.Work}, {sample.Contestant}, round {sample.Round + 1}: {Spread.Number(sample.Rate)} {sample.Unit.RateName()}, {Spread.Number(sample.Cost)} {sample.Unit.CostName()}");
    }

    /// <summary>Compares the registry with a peer at the same work, round by round.</summary>
    public void Compare(string target, string work, Metric metric, Contestant? peer, Bound bound)
    {
        if (peer is null)
        {
            _verdicts.Add(new Verdict(target, work, Figure(target, work, RegistryServer.Name, metric), "missing", string.Empty, string.Empty, bound.ToString(), null));
            return;
        }

        Compare(target, work, metric, (target, work, peer.Name), peer.Name, bound);
    }

    /// <summary>Compares the registry with itself at another work.</summary>
    public void CompareWorks(string target, string work, string otherTarget, string otherWork, Bound bound) =>
        Compare(target, work, Metric.Rate, (otherTarget, otherWork, RegistryServer.Name), $"{RegistryServer.Name}, {otherTarget}", bound);

    /// <summary>Compares a figure of a work with a limit: the median of the rounds.</summary>
    public void Limit(string target, string work, Metric metric, Bound bound)
    {
        var figures = Spread.Of(Values(target, work, RegistryServer.Name, metric).Values);
        _verdicts.Add(new Verdict(
            target, work, Figure(target, work, RegistryServer.Name, metric), string.Empty, string.Empty, string.Empty, bound.ToString(), bound.IsMetBy(figures.Median)));
    }

    /// <summary>Compares a figure with a limit.</summary>
    public void Limit(string target, string work, double figure, Bound bound, string others = "") =>
        _verdicts.Add(new Verdict(target, work, $"{Spread.Number(figure)}{bound.Unit}", string.Empty, others, string.Empty, bound.ToString(), bound.IsMetBy(figure)));

    /// <summary>Compares a number of requests with a limit, beside that of a peer.</summary>
    /// <param name="target">The target.</param>
    /// <param name="work">What made the requests.</param>
    /// <param name="ours">Requests of the registry.</param>
    /// <param name="peer">Name of the peer; null without.</param>
    /// <param name="theirs">Requests of the peer; null without.</param>
    /// <param name="bound">Limit on those of the registry.</param>
    public void Count(string target, string work, StoreRequests ours, string? peer, StoreRequests? theirs, Bound bound) =>
        _verdicts.Add(new Verdict(target, work, $"{ours}", peer ?? string.Empty, $"{theirs}", string.Empty, $"{bound}", bound.IsMetBy(ours.All)));

    /// <summary>Records that a target was not measured, with the reason.</summary>
    public void NotMeasured(string target, string work, string bound, string reason) =>
        _verdicts.Add(new Verdict(target, work, reason, string.Empty, string.Empty, string.Empty, bound, null));

    /// <summary>The rates of a server at a work, by round.</summary>
    public IReadOnlyDictionary<int, double> Rates(string target, string work, string contestant) => Values(target, work, contestant, Metric.Rate);

    private void Compare(string target, string work, Metric metric, (string Target, string Work, string Contestant) other, string otherName, Bound bound)
    {
        var ours = Values(target, work, RegistryServer.Name, metric);
        var theirs = Values(other.Target, other.Work, other.Contestant, metric);
        var ratio = Spread.Of(ours.Keys.Intersect(theirs.Keys).Select(round => ours[round] / theirs[round]));
        _verdicts.Add(new Verdict(
            target, work, Figure(target, work, RegistryServer.Name, metric), otherName, Figure(other.Target, other.Work, other.Contestant, metric),
            ratio.ToString(), bound.ToString(), bound.IsMetBy(ratio.Median)));
    }

    private string Figure(string target, string work, string contestant, Metric metric)
    {
        var unit = Of(target, work, contestant).First().Unit;
        return $"{Spread.Of(Values(target, work, contestant, metric).Values)} {(metric == Metric.Rate ? unit.RateName() : unit.CostName())}";
    }

    private Dictionary<int, double> Values(string target, string work, string contestant, Metric metric) =>
        Of(target, work, contestant).ToDictionary(sample => sample.Round, sample => metric == Metric.Rate ? sample.Rate : sample.Cost);

    private IEnumerable<Sample> Of(string target, string work, string contestant) =>
        _samples.Where(sample => sample.Target == target && sample.Work == work && sample.Contestant == contestant);
}
