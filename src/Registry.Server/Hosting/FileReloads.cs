using Microsoft.Extensions.Logging;
using Registry.Core.Access;

namespace Registry.Server.Hosting;

/// <summary>Reads the files of users, keys, rules and TLS again when the operator asks for it, and says in one line what became of each.</summary>
/// <param name="files">The files with the names of their settings.</param>
/// <param name="logger">Its log.</param>
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

    [LoggerMessage(1, LogLevel.Information, "Files read again: {Outcomes}")]
    private partial void LogDone(string outcomes);

    [LoggerMessage(2, LogLevel.Error, "Files read again, and not all can be used: {Outcomes}")]
    private partial void LogFailed(string outcomes);

    [LoggerMessage(3, LogLevel.Information, "No files to read again: no users, keys, rules or certificates are set. Settings themselves are read at a start only")]
    private partial void LogNothing();
}
