using System.Globalization;

namespace Registry.Torture.Faults;

/// <summary>
/// A wall clock that a server sees instead of the system's, and that jumps while the server runs: libfaketime. The monotonic clock stays the
/// system's, as when an operator or a time server sets the clock.
/// </summary>
/// <param name="file">File with the difference.</param>
public sealed class FakedClock(string file)
{
    private static string Library => Directory.EnumerateDirectories("/usr/lib")
        .Select(folder => Path.Combine(folder, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException("libfaketimeMT.so.1 is missing: apt-get install libfaketime");

    // The wall clock alone. Without the last one, the library converts deadlines of the monotonic clock, which pass at once: each thread that waits for a time then takes a
    // third of a processor.
    private static IReadOnlyList<(string Name, string Value)> Settings =>
        [("LD_PRELOAD", Library), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("DONT_FAKE_MONOTONIC", "1"), ("FAKETIME_FORCE_MONOTONIC_FIX", "0")];

    /// <summary>Command prefix for a server.</summary>
    public IReadOnlyList<string> Launch =>
        ["env", .. Settings.Select(setting => $"{setting.Name}={setting.Value}"), $"FAKETIME_TIMESTAMP_FILE={file}", "FAKETIME_NO_CACHE=1"];

    /// <summary>Environment of a server whose clock is always ahead by a time, or behind.</summary>
    /// <param name="ahead">Difference to the system's clock; negative if it is behind.</param>
    public static IReadOnlyDictionary<string, string?> Shift(TimeSpan ahead) =>
        new Dictionary<string, string?>(Settings.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value))) { ["FAKETIME"] = Text(ahead) };

    /// <summary>Lead over the system's clock; negative when behind.</summary>
    public TimeSpan Ahead { get; private set; }

    /// <summary>Sets the clock.</summary>
    /// <param name="ahead">Difference to the system's clock; negative if it is behind.</param>
    public void Set(TimeSpan ahead)
    {
        // By a rename, because the server may read it at any time.
        File.WriteAllText(file + ".next", Text(ahead));
        File.Move(file + ".next", file, overwrite: true);
        Ahead = ahead;
    }

    private static string Text(TimeSpan ahead) => string.Create(CultureInfo.InvariantCulture, $"{ahead.TotalSeconds:+0;-0;+0}");
}
