using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Registry.Bench.Peers;

/// <summary>Finds the programs of the peers.</summary>
internal static partial class Programs
{
    /// <summary>Finds a program on the PATH or where Debian puts daemons; null when it is not installed.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':').Append("/usr/sbin")
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>The version that a program prints: the first word with a number, a dot and a number, or else its first line.</summary>
    public static async Task<string> VersionAsync(string program, string argument)
    {
        using var process = Process.Start(new ProcessStartInfo(program, [argument]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        var text = string.Join('\n', texts).Trim();
        return Version().Match(text) is { Success: true } version ? version.Value : text.Split('\n')[0];
    }

    [GeneratedRegex(@"v?\d+\.\d+[\w.+~-]*")]
    private static partial Regex Version();
}
