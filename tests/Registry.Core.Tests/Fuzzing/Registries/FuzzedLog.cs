using Microsoft.Extensions.Logging;

namespace Registry.Core.Tests.Fuzzing.Registries;

/// <summary>Log of a process that a fuzzer runs.</summary>
internal static class FuzzedLog
{
    /// <summary>Requires that nothing was logged about which an operator would have to do something.</summary>
    /// <exception cref="ModelViolationException">There are warnings or errors.</exception>
    public static void ExpectQuiet(RecordedLog log)
    {
        var complaints = log.Entries.Where(entry => entry.Level >= LogLevel.Warning).ToList();
        if (complaints.Count > 0)
        {
            throw new ModelViolationException($"the log has complaints: {string.Join("; ", complaints)}");
        }
    }
}
