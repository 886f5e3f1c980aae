using System.Diagnostics;
using System.Runtime.InteropServices;
using Registry.Testing.Processes;

namespace Registry.Bench.Peers;

/// <summary>A form of the registry's program.</summary>
/// <param name="Name">Name in the tables.</param>
/// <param name="Path">The program.</param>
/// <param name="Arguments">Its first arguments.</param>
internal sealed record RegistryProgram(string Name, string Path, IReadOnlyList<string> Arguments)
{
    private const string Project = "src/Registry.Server";

    /// <summary>The build beside this program, which the runtime compiles while it runs.</summary>
    public static RegistryProgram Jit { get; } = new("Registry (JIT)", DotNet.Host, [DotNet.BesideThis("registry.dll")]);

    /// <summary>The published program that <c>REGISTRY_PROGRAM</c> names; without it, the build beside this program.</summary>
    public static RegistryProgram NamedOrJit => Environment.GetEnvironmentVariable(RegistryProcess.ProgramVariable) is { Length: > 0 } program
        ? new RegistryProgram(RegistryServer.Name, System.IO.Path.GetFullPath(program), [])
        : Jit;

    /// <summary>
    /// The program as operators install it, compiled ahead of time: the one that <c>REGISTRY_PROGRAM</c> names, or else published from the sources, which
    /// takes one to two minutes.
    /// </summary>
    /// <param name="root">Root of the source tree.</param>
    /// <param name="folder">Folder for the program and its symbols, which profiles need.</param>
    /// <exception cref="FileNotFoundException">The variable names a file that does not exist.</exception>
    /// <exception cref="InvalidOperationException">The sources cannot be published.</exception>
    public static async Task<RegistryProgram> PublishedAsync(string root, string folder)
    {
        switch (Environment.GetEnvironmentVariable(RegistryProcess.ProgramVariable))
        {
            case null or "":
                return new RegistryProgram(RegistryServer.Name, await PublishAsync(root, folder), []);
            case var program when !File.Exists(program):
                throw new FileNotFoundException($"{RegistryProcess.ProgramVariable} names a file that does not exist.", program);
            case var program:
                return new RegistryProgram(RegistryServer.Name, System.IO.Path.GetFullPath(program), []);
        }
    }

    private static async Task<string> PublishAsync(string root, string folder)
    {
        var output = System.IO.Path.Combine(folder, "program");
        var artifacts = System.IO.Path.Combine(folder, "artifacts");
        var runtime = $"linux-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";

        // The intermediate files are apart from those of the running build. No server of the build stays behind, which would disturb the measurement.
        var start = new ProcessStartInfo(DotNet.Host, [
            "publish", Project, "-c", "Release", "-r", runtime, "-o", output, "--artifacts-path", artifacts, "-p:RunAnalyzers=false", "-p:UseSharedCompilation=false",
            "-nodeReuse:false",
        ])
        {
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            Environment = { ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0" },
        };
        using var publish = Process.Start(start)!;
        var log = await publish.StandardOutput.ReadToEndAsync();
        await publish.WaitForExitAsync();
        if (publish.ExitCode != 0)
        {
            throw new InvalidOperationException($"{Project} cannot be published:\n{log}");
        }

        foreach (var symbols in Directory.EnumerateFiles(artifacts, "registry.dbg", SearchOption.AllDirectories))
        {
            File.Copy(symbols, System.IO.Path.Combine(output, "registry.dbg"), overwrite: true);
        }

        Directory.Delete(artifacts, recursive: true);
        return System.IO.Path.Combine(output, "registry");
    }
}
