using System.Globalization;

namespace Registry.Torture.Faults;

/// <summary>A control group whose processes share a memory limit, page cache included; the kernel kills a process that exceeds it. Needs root.</summary>
internal sealed class MemoryGroup : IDisposable
{
    // Names in memory.stat: first those of version 1 of control groups, then those of version 2.
    private static readonly string[] Interesting = ["total_rss", "total_cache", "anon", "file", "kernel", "sock", "slab"];

    private readonly string _folder;
    private readonly string _peak;

    private MemoryGroup(string folder, string peak)
    {
        _folder = folder;
        _peak = Path.Combine(folder, peak);
    }

    /// <summary>Command prefix for a server: the shell joins the group and becomes the server.</summary>
    public IReadOnlyList<string> Launch => ["sh", "-c", "echo $$ > \"$0\" && exec \"$@\"", Path.Combine(_folder, "cgroup.procs")];

    /// <summary>Peak memory of the group, in bytes; null if the kernel does not report it.</summary>
    public long? Peak => File.Exists(_peak) ? Parse(File.ReadAllText(_peak)) : null;

    /// <summary>Memory of the group by kind, in bytes, with the names of the kernel.</summary>
    public IReadOnlyList<(string Kind, long Bytes)> Kinds =>
    [
        .. File.ReadLines(Path.Combine(_folder, "memory.stat")).Select(line => line.Split(' '))
            .Where(parts => Interesting.Contains(parts[0])).Select(parts => (parts[0], Parse(parts[1]))),
        .. new[] { "memory.kmem.usage_in_bytes", "memory.kmem.tcp.usage_in_bytes" }.Where(file => File.Exists(Path.Combine(_folder, file)))
            .Select(file => (file.Split('_')[0], Parse(File.ReadAllText(Path.Combine(_folder, file))))),
    ];

    /// <summary>Creates a group; null without the memory controller, as in most containers.</summary>
    /// <param name="bytes">Memory limit in bytes.</param>
    public static MemoryGroup? TryCreate(long bytes) =>
        TryCreate("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes", bytes)
        ?? TryCreate("/sys/fs/cgroup", "memory.max", "memory.peak", bytes);

    // The kernel removes it when its last process has ended.
    public void Dispose() => Directory.Delete(_folder);

    private static long Parse(string text) => long.Parse(text.Trim(), CultureInfo.InvariantCulture);

    private static MemoryGroup? TryCreate(string root, string limit, string peak, long bytes)
    {
        if (!Directory.Exists(root))
        {
            return null;
        }

        var folder = Path.Combine(root, $"registry-torture-{Guid.NewGuid():n}");
        try
        {
            Directory.CreateDirectory(folder);
            if (File.Exists(Path.Combine(folder, limit)))
            {
                File.WriteAllText(Path.Combine(folder, limit), bytes.ToString(CultureInfo.InvariantCulture));
                return new MemoryGroup(folder, peak);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Read-only, or owned by another user.
        }

        if (Directory.Exists(folder))
        {
            Directory.Delete(folder);
        }

        return null;
    }
}
