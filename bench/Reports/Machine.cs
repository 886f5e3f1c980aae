using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Registry.Bench.Reports;

/// <summary>Describes the machine, which is needed to judge figures; without names of machines, people or folders.</summary>
internal static class Machine
{
    private static readonly string[] TellingFlags = ["sha_ni", "avx2", "avx512f"];

    /// <summary>Lines of a table.</summary>
    /// <param name="folder">A folder on the file system of the servers' data.</param>
    public static async Task<IReadOnlyList<(string Name, string Value)>> DescribeAsync(string folder)
    {
        var cpu = await File.ReadAllLinesAsync("/proc/cpuinfo");
        string Cpu(string name) =>
            cpu.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";
        var flags = Cpu("flags").Split(' ').Intersect(TellingFlags).ToList();
        var kernel = await File.ReadAllTextAsync("/proc/sys/kernel/osrelease");
        return
        [
            ("Processor", $"{Cpu("model name")} ({string.Join(", ", flags)}){(Cpu("flags").Contains("hypervisor", StringComparison.Ordinal) ? ", in a virtual machine" : string.Empty)}"),
            ("Cores", $"{Environment.ProcessorCount}"),
            ("Memory", string.Create(CultureInfo.InvariantCulture, $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1024.0 / 1024 / 1024:0.0} GiB")),
            ("File system", await FileSystemAsync(folder)),
            ("Disk", Disk(folder)),
            ("Kernel", $"Linux {kernel.Split('-')[0].Trim()}"),
            ("System", OsName()),
            (".NET", RuntimeInformation.FrameworkDescription),
        ];
    }

    private static string OsName() => File.ReadLines("/etc/os-release")
        .Where(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal)).Select(line => line.Split('=', 2)[1].Trim('"')).FirstOrDefault("Linux");

    private static async Task<string> FileSystemAsync(string folder) =>
        (await OutputAsync("stat", "--file-system", "--format=%T", folder)) is "ext2/ext3" ? "ext4" : await OutputAsync("stat", "--file-system", "--format=%T", folder);

    private static string Disk(string folder)
    {
        var mount = File.ReadLines("/proc/self/mounts").Select(line => line.Split(' '))
            .Where(fields => folder.StartsWith(fields[1], StringComparison.Ordinal)).MaxBy(fields => fields[1].Length);
        var device = Path.GetFileName(mount?[0] ?? string.Empty).TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        var queue = $"/sys/block/{device}/queue";
        if (device.Length == 0 || !Directory.Exists(queue))
        {
            return "unknown";
        }

        var isRotational = File.ReadAllText($"{queue}/rotational").Trim() == "1";
        var cache = File.ReadAllText($"{queue}/write_cache").Trim();
        return $"{(device.StartsWith("vd", StringComparison.Ordinal) ? "virtio" : isRotational ? "rotating" : "solid state")}, write cache: {cache}";
    }

    private static async Task<string> OutputAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return text.Trim();
    }
}
