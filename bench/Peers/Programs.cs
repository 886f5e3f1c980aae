using System.Diagnostics;

namespace Registry.Bench.Peers;

/// <summary>Finds the programs of the peers.</summary>
internal static class Programs
{
    /// <summary>Finds a program on the PATH or where Debian puts daemons; null when it is not installed.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':').Append("/usr/sbin")
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>The last word of the first line that a program prints about its version.</summary>
    public static async Task<string> VersionAsync(string program, string argument)
    {
        using var process = Process.Start(new ProcessStartInfo(program, [argument]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        var line = texts.Select(text => text.Trim()).First(text => text.Length > 0).Split('\n')[0];
        return line.Split([' ', '/']).Last();
    }
}
