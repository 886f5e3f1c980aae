using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using Registry.Server.Hosting;

namespace Registry.Server.Telemetry;

/// <summary>
/// The process as Prometheus client libraries describe it (<c>process_…</c>, https://prometheus.io/docs/instrumenting/writing_clientlibs), and the
/// build that runs.
/// </summary>
internal static class ProcessGauges
{
    private static readonly double StartTime = new DateTimeOffset(Process.GetCurrentProcess().StartTime).ToUnixTimeMilliseconds() / 1000.0;

    /// <summary>Adds the instruments to a meter.</summary>
    public static void AddTo(Meter meter)
    {
        var build = new KeyValuePair<string, object?>[] { new("version", Banner.Version), new("runtime", RuntimeInformation.FrameworkDescription) };
        meter.CreateObservableGauge("registry.build_info", () => new Measurement<long>(1, build), null, "1, with the version of the registry and the runtime as labels.");
        meter.CreateObservableGauge("process.start_time", () => StartTime, "s", "When the process started, as Unix time.");
        meter.CreateObservableCounter("process.cpu", () => Environment.CpuUsage.TotalTime.TotalSeconds, "s", "Time of all processors that the process has used.");
        meter.CreateObservableGauge("process.resident_memory", () => Environment.WorkingSet, "By", "Memory of the machine that the process uses.");
        if (OperatingSystem.IsLinux())
        {
            meter.CreateObservableGauge(
                "process.open_fds", () => (long)Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(), null, "Files and connections that the process has open.");
            meter.CreateObservableGauge("process.max_fds", DescriptorLimit, null, "How many files and connections the process may have open.");
        }
    }

    private static long DescriptorLimit()
    {
        var line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        return long.TryParse(line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], out var limit) ? limit : long.MaxValue;
    }
}
