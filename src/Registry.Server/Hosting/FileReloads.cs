using Microsoft.Extensions.Logging;
using Registry.Files.Watching;

namespace Registry.Server.Hosting;

/// <summary>Reloads the files of users, keys, rules, the mirror, events and TLS on SIGHUP, and logs the results in one line.</summary>
/// <param name="files">Files, with the names of their settings.</param>
/// <param name="logger">The log.</param>
internal sealed partial class FileReloads(IReadOnlyList<(string Setting, IReloadable File)> files, ILogger<FileReloads> logger)
{
    public void Run()
    {
        if (files.Count == 0)
        {
            LogNothing();
            return;
        }

        var outcomes = files.Select(file => (file.Setting, Outcome: file.File.Reload())).ToList();
        var text = string.Join("; ", outcomes.Select(file => $"{file.Setting} {file.Outcome}"));
        if (outcomes.Exists(file => file.Outcome.Fault is not null))
        {
            LogFailed(text);
        }
        else
        {
            LogDone(text);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Files reloaded: {Outcomes}")]
    private partial void LogDone(string outcomes);

    [LoggerMessage(2, LogLevel.Error, "Files reloaded, but some cannot be used: {Outcomes}")]
    private partial void LogFailed(string outcomes);

    [LoggerMessage(3, LogLevel.Information, "No files to reload: no users, keys, rules, mirror, events or certificates are set. A change of settings needs a restart")]
    private partial void LogNothing();
}
