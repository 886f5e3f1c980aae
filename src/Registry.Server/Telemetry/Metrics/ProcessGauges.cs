using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using Registry.Server.Memory;

namespace Registry.Server.Telemetry.Metrics;

/// <summary>
/// Metrics of the process that Prometheus client libraries define (<c>process_…</c>,
/// https://prometheus.io/docs/instrumenting/writing_clientlibs), and of the build.
/// </summary>
internal static class ProcessGauges
{
    private static readonly double StartTime = new DateTimeOffset(Process.GetCurrentProcess().StartTime).ToUnixTimeMilliseconds() / 1000.0;

    /// <summary>Adds the instruments to a meter.</summary>
    public static void AddTo(Meter meter)
    {
        var build = new KeyValuePair<string, object?>[] { new("version", ProductVersion.Text), new("runtime", RuntimeInformation.FrameworkDescription) };
        meter.CreateObservableGauge("registry.build_info", () => new Measurement<long>(1, build), null, "1, with the version of the registry and the runtime as labels.");
        meter.CreateObservableGauge("process.start_time", () => StartTime, "s", "Start of the process, as Unix time.");
        meter.CreateObservableCounter("process.cpu", () => Environment.CpuUsage.TotalTime.TotalSeconds, "s", "CPU time of the process.");
        meter.CreateObservableGauge("process.resident_memory", ResidentMemory.Read, "By", "Resident memory of the process.");
        if (OperatingSystem.IsLinux())
        {
            var used = new KeyValuePair<string, object?>("registry.state", "used");
            var free = new KeyValuePair<string, object?>("registry.state", "free");
            meter.CreateObservableUpDownCounter(
                "registry.native_memory",
                () => NativeHeap.Read() is var heap ? new Measurement<long>[] { new(heap.Used, used), new(heap.Free, free) } : [],
                "By",
                "Memory of OpenSSL, SQLite and the blocks of connections: in use, and free but not returned to the system.");
            meter.CreateObservableUpDownCounter(
                "registry.socket_memory", SocketMemory.Read, "By", "Memory of sockets that counts against the limit of the control group (version 2); 0 without one.");
            meter.CreateObservableGauge(
                "process.open_fds", () => (long)Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(), null, "Open files and connections of the process.");
            meter.CreateObservableGauge("process.max_fds", DescriptorLimit, null, "Limit of open files and connections of the process.");
        }
    }

    private static long DescriptorLimit()
    {
        var line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        return long.TryParse(line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], out var limit) ? limit : long.MaxValue;
    }
}
