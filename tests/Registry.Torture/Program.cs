using System.Globalization;
using Registry.Testing;
using Registry.Torture;
using Registry.Torture.Sieges;

// A scenario has started this process for its attackers.
if (args is [Attacker.Command, .. var attack])
{
    return await Attacker.RunAsync(attack);
}

// The proxies before the stores run in this process. They must not wait until the pool has another thread for the bursts of the load, which hash and start processes.
ThreadPool.SetMinThreads(64, 64);

// tests/torture/run describes the arguments.
var seed = Seed.Choose("TORTURE_SEED");
int? count = null, minutes = null;
string? only = null, point = null;
var isShort = false;
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--short":
            isShort = true;
            break;
        case "--only" when i + 1 < args.Length:
            only = args[++i];
            break;
        case "--point" when i + 1 < args.Length:
            point = args[++i];
            break;
        case "--seed" when i + 1 < args.Length && int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number):
            seed = number;
            i++;
            break;
        case "--count" when i + 1 < args.Length && int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number):
            count = number;
            i++;
            break;
        case "--minutes" when i + 1 < args.Length && int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number):
            minutes = number;
            i++;
            break;
        default:
            return Usage($"{args[i]} is not an option, or lacks its value");
    }
}

var chosen = Catalogue.Scenarios.Where(scenario => only is null || scenario.Name == only).ToList();
if (chosen.Count == 0)
{
    return Usage($"{only} is not a scenario");
}

int violations = 0, skipped = 0;
foreach (var scenario in chosen)
{
    if (scenario.Needs.FirstOrDefault(needed => !Tool.IsThere(needed.Program)) is { Program: not null } missing)
    {
        Console.Out.WriteLine($"{scenario.Name}: skipped, because {missing.Program} is not installed: apt-get install {missing.Package}");
        skipped++;
        continue;
    }

    var run = new TortureRun(seed, isShort, count, point, Console.Error.WriteLine) { Limit = minutes is { } limit ? TimeSpan.FromMinutes(limit) : null };
    if (scenario.FindMissing(run) is { } reason)
    {
        Console.Out.WriteLine($"{scenario.Name}: skipped, because {reason}");
        skipped++;
        continue;
    }

    try
    {
        Console.Out.WriteLine(await Catalogue.RunAsync(scenario, run));
    }
    catch (ViolationException e)
    {
        Console.Out.WriteLine($"VIOLATION {e.Message}");
        violations++;
    }
}

// A scenario that was asked for has not held if it was not run.
return violations == 0 && (only is null || skipped == 0) ? 0 : 1;

static int Usage(string wrong)
{
    Console.Error.WriteLine($"{wrong}\n\nUsage: tests/torture/run [--short] [--only NAME] [--seed N] [--count N] [--minutes N] [--point POINT]\n");
    foreach (var scenario in Catalogue.Scenarios)
    {
        Console.Error.WriteLine($"  {scenario.Name,-13} {scenario.Subject}");
    }

    return 2;
}
