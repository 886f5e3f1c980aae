using Microsoft.Extensions.Logging;
using Registry.Files.Watching;
using Registry.Server.Configuration;

namespace Registry.Server.Hosting;

/// <summary>Opens the files that settings name, and that are read again when they change.</summary>
internal static class WatchedSetting
{
    /// <summary>Reads the file of a setting for the first time; null if the setting is not set.</summary>
    /// <exception cref="StartupException">The file cannot be read or understood.</exception>
    public static WatchedFile<T>? Open<T>(string setting, string? path, Func<byte[], T> parse, TimeProvider time, ILogger log, Func<T, IReadOnlyList<string>>? named = null)
        where T : class
    {
        try
        {
            return path is null ? null : new WatchedFile<T>(path, parse, time, log, named);
        }
        catch (UnusableFileException e)
        {
            throw new StartupException($"{setting} {path} cannot be used: {e.Message}", e);
        }
    }
}
