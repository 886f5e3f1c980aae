using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Attacks;

namespace Registry.Torture.Sieges;

/// <summary>Starts the process of the attackers.</summary>
internal static class AttackerProcess
{
    // Real attackers use no processor of the registry's machine. So that those here leave some to it, they are the last to get it.
    private const string Niceness = "10";

    /// <summary>Attacks for a while.</summary>
    /// <returns>The tally of each attack, by its name.</returns>
    /// <exception cref="InvalidOperationException">An attack failed by itself; the message holds its output.</exception>
    public static async Task<IReadOnlyDictionary<string, Tally>> RunAsync(IReadOnlyCollection<IAttack> attacks, Target target, int seed, TimeSpan duration)
    {
        await using var process = BackgroundProcess.Start("nice", [
            "-n", Niceness, Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", typeof(AttackerProcess).Assembly.Location,
            .. Attacker.Arguments(attacks, target, seed, duration)]);
        if (await process.WaitForExitAsync(duration + (3 * Patience.Limit)) is not 0 and var code)
        {
            throw new InvalidOperationException($"{process.CommandLine} ended with {code}:\n{process.Output}");
        }

        return process.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', 2))
            .ToDictionary(parts => parts[0], parts => Tally.Parse(parts[1]));
    }
}
