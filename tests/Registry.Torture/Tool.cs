using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Torture;

/// <summary>Runs programs of the system.</summary>
internal static class Tool
{
    public static bool IsThere(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/sbin").Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="InvalidOperationException">The exit code is not 0.</exception>
    public static async Task RunAsync(string program, params string[] arguments)
    {
        await using var process = BackgroundProcess.Start(program, arguments);
        if (await process.WaitForExitAsync(Patience.Limit) is not 0 and var code)
        {
            throw new InvalidOperationException($"{process.CommandLine} ended with {code}:\n{process.Output}");
        }
    }
}
