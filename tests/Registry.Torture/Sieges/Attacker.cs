using System.Globalization;
using Registry.Testing;
using Registry.Testing.Connections;
using Registry.Torture.Attacks;

namespace Registry.Torture.Sieges;

/// <summary>
/// The process of the attackers. They have one of their own, so that what they cost does not count against the honest clients, whose times are
/// measured. It ends by itself.
/// </summary>
internal static class Attacker
{
    /// <summary>First argument of such a process.</summary>
    public const string Command = "attack";

    private const int Attempts = 10;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Arguments after <see cref="Command"/>.</summary>
    public static string[] Arguments(IEnumerable<IAttack> attacks, Target target, int seed, TimeSpan duration) =>
    [
        Command, string.Join(',', attacks.Select(attack => attack.Name)), $"{target.Address}", $"{target.Http2}", target.User, target.Password,
        target.Scale.ToString(CultureInfo.InvariantCulture), duration.TotalSeconds.ToString(CultureInfo.InvariantCulture), seed.ToString(CultureInfo.InvariantCulture),
    ];

    /// <summary>Runs the attacks at once, and prints a line with the tally of each.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var names = arguments[0].Split(',');
        var target = new Target(
            new Uri(arguments[1]), new Uri(arguments[2]), arguments[3], arguments[4], double.Parse(arguments[5], CultureInfo.InvariantCulture));
        var random = new Random(int.Parse(arguments[7], CultureInfo.InvariantCulture));
        var attacks = Arsenal.All.Where(attack => names.Contains(attack.Name)).Select(attack => (attack, tally: new Tally())).ToList();
        await Task.WhenAll(attacks.Select(one => PrepareAsync(one.attack, target, one.tally)));

        var duration = TimeSpan.FromSeconds(double.Parse(arguments[6], CultureInfo.InvariantCulture));
        using var stop = new CancellationTokenSource();
        var running = Task.WhenAll(attacks.Select(one => (one.attack, one.tally, own: new Random(random.Next()))).ToList()
            .Select(start => start.attack.RunAsync(target, start.tally, start.own, stop.Token)));
        await Task.WhenAny(running, Task.WhenAll(Task.Delay(duration), BeginAsync(attacks)));
        await stop.CancelAsync();
        await running;
        foreach (var (attack, tally) in attacks)
        {
            Console.Out.WriteLine(tally.HasBegun
                ? $"{attack.Name} {tally.ToLine()}"
                : throw new InvalidOperationException($"{attack.Name} has not reached the registry within {duration + Patience.Limit}."));
        }

        return 0;
    }

    // On a busy machine, the first connection may take longer than a short attack.
    private static async Task BeginAsync(IEnumerable<(IAttack Attack, Tally Tally)> attacks)
    {
        try
        {
            await Task.WhenAll(attacks.Select(one => one.Tally.Beginning)).WaitAsync(Patience.Limit);
        }
        catch (TimeoutException)
        {
            // Reported with the name of the attack.
        }
    }

    // A registry that has not recovered from the attack before may refuse some requests.
    private static async Task PrepareAsync(IAttack attack, Target target, Tally tally)
    {
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            try
            {
                await attack.PrepareAsync(target, tally);
                return;
            }
            catch (Exception e) when (e is InvalidOperationException or OperationCanceledException || e.IsLostConnection())
            {
                tally.Add("preparations refused");
                await Task.Delay(Pause);
            }
        }
    }
}
