using System.Globalization;

namespace Registry.Torture.Load;

/// <summary>
/// Use of the machine's processors since the object was created. Server, attackers and clients share them, also with other programs, so durations mean
/// little without it.
/// </summary>
internal sealed class MachineLoad
{
    // Fields of the line "cpu" (proc_stat(5)): user, nice, system, idle, iowait, irq, softirq, steal.
    private const int Idle = 3;
    private const int WaitsForDisk = 4;
    private const int Steal = 7;
    private const int Fields = 8;

    private readonly long[] _before = Read();

    /// <inheritdoc/>
    public override string ToString()
    {
        var spent = Read().Zip(_before, (now, before) => now - before).ToArray();
        var total = Math.Max(1, spent.Sum());
        var average = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"load {average}, processors {100 * (total - spent[Idle] - spent[WaitsForDisk]) / total} % busy, {100 * spent[Steal] / total} % stolen");
    }

    private static long[] Read() => [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Skip(1).Take(Fields).Select(field => long.Parse(field, CultureInfo.InvariantCulture))];
}
