using System.Diagnostics;
using Registry.Testing.Processes;

namespace Registry.Torture.Migration;

/// <summary>A move by <c>registry migrate</c>, whose process is killed at random moments and started again, until it is made.</summary>
/// <param name="arguments">Arguments that name an end: <c>--to FILE</c> or <c>--from FILE</c>.</param>
/// <param name="folder">Data folder of the other end.</param>
/// <param name="settings">Settings of the command.</param>
/// <param name="manifests">Number of manifests.</param>
/// <param name="age">Age that content has at the new place at least when the last pass begins, so that nothing but its promises keeps it there.</param>
/// <param name="random">Chooses the moments.</param>
internal sealed class KilledMove(
    string arguments, string folder, IReadOnlyDictionary<string, string?> settings, int manifests, TimeSpan age, Random random)
{
    private const int KillsOfCopies = 4;
    private const int KillsOfLast = 3;
    private const int MaxCopies = 12;
    private const string Moved = "The registry has moved";

    // A process that was killed holds the database for 15 s; on a busy machine.
    private static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    // Chooses the moment of the first kill; later passes are measured.
    private TimeSpan _pass = TimeSpan.FromSeconds(1) + (manifests * TimeSpan.FromMilliseconds(20));

    /// <summary>Number of passes that have ended, without the last one.</summary>
    public int Passes { get; private set; }

    /// <summary>Number of kills, those of the last pass included.</summary>
    public int Kills { get; private set; }

    /// <summary>Number of kills during the last pass.</summary>
    public int KillsDuringLast { get; private set; }

    /// <summary>Duration of the pass that has ended the move, with its comparison.</summary>
    public TimeSpan LastPass { get; private set; }

    // Detects a hang.
    private TimeSpan Limit => TimeSpan.FromMinutes(15) + (manifests * TimeSpan.FromSeconds(0.5));

    /// <summary>Makes passes while the registry runs; the last ones to their end.</summary>
    /// <exception cref="ViolationException">A pass has failed.</exception>
    public async Task CopyAsync()
    {
        for (var i = 0; i < MaxCopies && Kills < KillsOfCopies; i++)
        {
            await TryPassAsync(isLast: false, _pass * random.NextDouble());
        }

        await TryPassAsync(isLast: false, Limit);
        for (var complete = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(complete) < age;)
        {
            // The clock of a place runs only while a process uses it.
            await TryPassAsync(isLast: false, Limit);
        }
    }

    /// <summary>Makes the last pass, with the registry stopped.</summary>
    /// <exception cref="ViolationException">It has failed.</exception>
    public async Task FinishAsync()
    {
        for (var i = 0; i < KillsOfLast; i++)
        {
            // It compares, too, and takes longer than the pass before it.
            if (await TryPassAsync(isLast: true, 1.2 * _pass * random.NextDouble()))
            {
                return;
            }

            KillsDuringLast++;
        }

        await TryPassAsync(isLast: true, Limit);
    }

    // False if it was killed.
    private async Task<bool> TryPassAsync(bool isLast, TimeSpan killAfter)
    {
        var command = $"migrate {arguments}{(isLast ? " --final" : string.Empty)}";
        for (var wait = Stopwatch.GetTimestamp(); ;)
        {
            var start = Stopwatch.GetTimestamp();
            await using var process = RegistryProcess.Launch(command, folder, settings);
            int code;
            try
            {
                code = await process.WaitForExitAsync(killAfter);
            }
            catch (TimeoutException) when (killAfter < Limit)
            {
                Kills++;
                return false;
            }

            var (output, duration) = (process.Output, Stopwatch.GetElapsedTime(start));
            if (code == 1 && output.Contains("is in use by other processes", StringComparison.Ordinal) && Stopwatch.GetElapsedTime(wait) < MaxWait)
            {
                await Task.Delay(Pause);
                continue;
            }

            // The kill came after the marks were set.
            var wasMoved = isLast && KillsDuringLast > 0 && code == 1 && output.Contains(" was moved to ", StringComparison.Ordinal) && output.Contains(" already", StringComparison.Ordinal);
            if (!wasMoved && (code != 0 || (isLast && !(output.Contains("Differences: 0.", StringComparison.Ordinal) && output.Contains(Moved, StringComparison.Ordinal)))))
            {
                throw new ViolationException($"registry {command} has ended with {code} after {duration.TotalSeconds:f1} s:\n{output}");
            }

            if (isLast)
            {
                LastPass = duration;
            }
            else
            {
                Passes++;
                _pass = duration;
            }

            return true;
        }
    }
}
