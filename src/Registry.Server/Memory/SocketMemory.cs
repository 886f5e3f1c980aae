using System.Buffers.Text;

namespace Registry.Server.Memory;

/// <summary>
/// Memory of sockets that counts against the limit of a control group: in a control group of version 2 that has a limit, the kernel charges what it holds for
/// clients that do not read, and for requests that have not been read. Resident memory does not include it.
/// </summary>
/// <remarks>Control groups of version 1 have a limit of its own for it, which is not set by default.</remarks>
internal static class SocketMemory
{
    private const string Groups = "/sys/fs/cgroup";
    private const string Memberships = "/proc/self/cgroup";

    // Some sixty lines (cgroups(7); admin-guide/cgroup-v2 of the kernel).
    private const int LongestFile = 8 * 1024;

    private static readonly KernelFile? Stat = Find(Groups, Memberships) is { } path ? KernelFile.TryOpen(path) : null;

    private static long _last;

    /// <summary>Reads it, in bytes; 0 where it does not count. When the kernel does not tell it now, it has the value of the last call.</summary>
    public static long Read() => Stat is null ? 0 : Read(Stat, ref _last);

    /// <summary>Reads it from an open file.</summary>
    /// <param name="stat">The <c>memory.stat</c> of a group.</param>
    /// <param name="last">Value of the last call, which stays when the file cannot be read now.</param>
    internal static long Read(KernelFile stat, ref long last)
    {
        var content = stat.Read(stackalloc byte[LongestFile]);
        if (!content.IsEmpty)
        {
            Volatile.Write(ref last, Parse(content));
        }

        return Volatile.Read(ref last);
    }

    /// <summary>
    /// Finds the <c>memory.stat</c> of the group of this process; null when neither the group nor one above it has a limit. In a container that sees its own
    /// group as the root, but its memberships as the host does, it is that of the group with the limit.
    /// </summary>
    /// <param name="groups">Mount point of the hierarchy.</param>
    /// <param name="memberships">File with the groups of this process. Version 2 has the line <c>0::</c> with a path in the hierarchy.</param>
    internal static string? Find(string groups, string memberships)
    {
        try
        {
            // A hierarchy of version 1 has none; beside one, that of version 2 does not limit memory.
            if (!File.Exists($"{groups}/cgroup.controllers")
                || File.ReadLines(memberships).FirstOrDefault(line => line.StartsWith("0::/", StringComparison.Ordinal)) is not { } line)
            {
                return null;
            }

            var group = line["0::".Length..].TrimEnd('/');
            for (var limited = group; ; limited = limited[..limited.LastIndexOf('/')])
            {
                if (HasLimit($"{groups}{limited}/memory.max"))
                {
                    var own = $"{groups}{group}/memory.stat";
                    return File.Exists(own) ? own : $"{groups}{limited}/memory.stat";
                }

                if (limited.Length == 0)
                {
                    return null;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A container without /proc, or one that hides its groups.
            return null;
        }
    }

    /// <summary>Finds the line of sockets in <c>memory.stat</c>.</summary>
    /// <returns>Their bytes; 0 without the line.</returns>
    internal static long Parse(ReadOnlySpan<byte> stat)
    {
        foreach (var range in stat.Split((byte)'\n'))
        {
            if (stat[range].StartsWith("sock "u8))
            {
                return Utf8Parser.TryParse(stat[range]["sock ".Length..], out long bytes, out _) ? bytes : 0;
            }
        }

        return 0;
    }

    // The root of the hierarchy has no such file, except in the namespace of a container.
    private static bool HasLimit(string path) => File.Exists(path) && !File.ReadAllText(path).StartsWith("max", StringComparison.Ordinal);
}
