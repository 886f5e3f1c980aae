using System.Globalization;
using Registry.Torture.Attacks;
using Registry.Torture.Load;
using Registry.Torture.Sieges;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Hostile clients of every kind beside honest ones, on a server with 256 MiB, first in clear text and then with TLS. The server survives, answers the
/// honest clients, keeps what it has acknowledged, and gives back what the attackers held. The times of the honest clients are recorded, not judged:
/// attackers, clients and server share the processors of one machine.
/// </summary>
public sealed class Hostile : IScenario
{
    private const string Plain = "plain";
    private const string Tls = "tls";

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    public string Name => "hostile";

    public string Rows => "35";

    public string Subject => "hostile clients of every kind at once, beside honest ones, within 256 MiB of memory";

    public IReadOnlyList<(string Program, string Package)> Needs => [];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.Point is { } point and not (Plain or Tls) && Arsenal.All.All(attack => attack.Name != point))
        {
            throw new ViolationException($"{point} is no attack; there are {string.Join(", ", Arsenal.All.Select(attack => attack.Name))}; '{Plain}' and '{Tls}' are all of them without and with TLS");
        }

        var load = new MachineLoad();
        var results = new List<string>();
        var violations = new List<string>();
        bool[] transports = run.Point switch
        {
            Plain => [false],
            Tls => [true],
            _ => [false, true],
        };
        var limit = (run.Limit ?? Long) / transports.Length;
        run = run with { Point = run.Point is Plain or Tls ? null : run.Point };
        foreach (var isTls in transports)
        {
            if (Arsenal.Against(isTls).Any(attack => run.Point is null || attack.Name == run.Point))
            {
                try
                {
                    results.Add(await new Siege(run, isTls, limit).RunAsync());
                }
                catch (ViolationException e)
                {
                    violations.Add($"{(isTls ? "with TLS" : "in clear text")}: {e.Message}");
                }
            }
        }

        if (violations.Count > 0)
        {
            throw new ViolationException(string.Join('\n', violations), run.Point);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{string.Join("; ", results)}; on {Environment.ProcessorCount} processors: {load}");
    }
}
