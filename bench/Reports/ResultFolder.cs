using System.Diagnostics;
using System.Globalization;
using Registry.Bench.Targets;

namespace Registry.Bench.Reports;

/// <summary>Folder for the results of a run.</summary>
/// <param name="Root">Root of the source tree.</param>
/// <param name="Path">The folder.</param>
/// <param name="Commit">The measured commit.</param>
/// <param name="IsClean">True when the code has no uncommitted changes.</param>
/// <param name="IsRecorded">True for a folder of perf-results.</param>
internal sealed record ResultFolder(string Root, string Path, string Commit, bool IsClean, bool IsRecorded)
{
    /// <summary>Chooses and creates the folder: a temporary one for a run that is not complete, or of uncommitted code.</summary>
    /// <exception cref="IOException">The run is already recorded, or the program does not run in a working copy of the sources.</exception>
    public static async Task<ResultFolder> CreateAsync(TargetOptions options)
    {
        var root = await GitAsync("rev-parse", "--show-toplevel");
        if (root.Length == 0)
        {
            throw new IOException("The targets are measured in a working copy of the sources, which git does not find here.");
        }

        var commit = await GitAsync("rev-parse", "--short=7", "HEAD");
        var isClean = (await GitAsync("status", "--porcelain", "--untracked-files=no")).Length == 0;
        var name = $"{DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}-{commit}";
        if (options.Folder is not null || !options.IsComplete || !isClean)
        {
            var elsewhere = options.Folder ?? Directory.CreateTempSubdirectory($"{name}-").FullName;
            Directory.CreateDirectory(elsewhere);
            return new ResultFolder(root, elsewhere, commit, isClean, IsRecorded: false);
        }

        var path = System.IO.Path.Combine(root, "perf-results", name);
        if (File.Exists(System.IO.Path.Combine(path, "README.md")))
        {
            throw new IOException($"perf-results/{name} already exists, and recorded results are never changed. Write elsewhere with --to FOLDER.");
        }

        Directory.CreateDirectory(path);
        return new ResultFolder(root, path, commit, isClean, IsRecorded: true);
    }

    /// <summary>The path of a file in it.</summary>
    public string InFolder(string name) => System.IO.Path.Combine(Path, name);

    private static async Task<string> GitAsync(params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = AppContext.BaseDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var text = await git.StandardOutput.ReadToEndAsync();
        await git.WaitForExitAsync();
        return text.Trim();
    }
}
