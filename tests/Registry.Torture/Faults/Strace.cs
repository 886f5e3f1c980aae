using System.Globalization;
using System.Text.RegularExpressions;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Torture.Faults;

/// <summary>Runs strace(1), which traces system calls on entry and can make one fail or kill the process there.</summary>
internal static partial class Strace
{
    /// <summary>System calls that change files. Those with a question mark do not exist on every architecture.</summary>
    public const string Calls =
        "openat,?open,?mkdir,mkdirat,?rename,?renameat,renameat2,?unlink,unlinkat,?rmdir,pwrite64,pwritev,ftruncate,fallocate,fsync,fdatasync,syncfs,sync_file_range";

    /// <summary>Command prefix for a server under strace; the server keeps the process id.</summary>
    /// <param name="log">Where the calls are written.</param>
    /// <param name="isAll">Whether all threads are traced, or the first alone.</param>
    /// <param name="calls">Which calls.</param>
    /// <param name="injection">What is done to which of them; null for nothing.</param>
    public static IReadOnlyList<string> Launch(string log, bool isAll, string calls, string? injection) =>
        ["strace", "-D", .. isAll ? new[] { "-f" } : [], .. Options(log, calls, injection)];

    /// <summary>Attaches to threads of a running server. Each counts its own calls.</summary>
    public static async Task<BackgroundProcess> AttachAsync(IReadOnlyList<int> threads, string log, string calls, string injection)
    {
        var process = BackgroundProcess.Start(
            "strace", [.. Options(log, calls, injection), .. threads.Select(thread => $"--attach={thread.ToString(CultureInfo.InvariantCulture)}")]);
        try
        {
            await process.WaitForLineAsync(new Regex($"Process {threads[^1]} attached"), Patience.Limit);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Threads of a process by their role.</summary>
    public static ILookup<string, int> Threads(int processId) => Directory.EnumerateDirectories($"/proc/{processId}/task")
        .Select(task => int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture))
        .ToLookup(thread => thread == processId ? FaultPoint.Start : Number().Replace(File.ReadAllText($"/proc/{processId}/task/{thread}/comm").Trim(), string.Empty));

    /// <summary>Calls in a log, in order; without a thread if only one was traced.</summary>
    public static IEnumerable<(int Thread, string Call, string Line)> Read(string log) => File.ReadLines(log)
        .Select(line => Line().Match(line))
        .Where(match => match.Success)
        .Select(match => (
            match.Groups["thread"].Success ? int.Parse(match.Groups["thread"].Value, CultureInfo.InvariantCulture) : 0,
            match.Groups["call"].Value,
            match.Value));

    /// <summary>Subject of a line of the log: the call and the path in the folder, with digests and ids replaced; null for paths outside.</summary>
    public static string? Place(string line, string folder)
    {
        var match = Line().Match(line);
        var paths = Quoted().Matches(line).Concat(Descriptor().Matches(line)).Select(found => found.Groups["path"].Value);
        return paths.FirstOrDefault(path => path.StartsWith(folder + "/", StringComparison.Ordinal) || path == folder) is { } path
            ? $"{match.Groups["call"].Value} {Name().Replace(path[folder.Length..], "*")}"
            : null;
    }

    private static string[] Options(string log, string calls, string? injection) =>
        ["-y", "-o", log, "-e", "signal=none", "-e", $"trace={calls}", .. injection is null ? [] : new[] { "-e", $"inject={injection}" }];

    [GeneratedRegex(@"^(?:(?<thread>\d+) +)?(?<call>[a-z]\w*)\(.*$")]
    private static partial Regex Line();

    [GeneratedRegex("\"(?<path>/[^\"]*)\"")]
    private static partial Regex Quoted();

    [GeneratedRegex("<(?<path>/[^>]*)>")]
    private static partial Regex Descriptor();

    [GeneratedRegex(@"[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=/)[0-9a-f]{2}(?=/|$)")]
    private static partial Regex Name();

    [GeneratedRegex(@" ?\d+$")]
    private static partial Regex Number();
}
