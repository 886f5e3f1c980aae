using System.CommandLine;
using Microsoft.Extensions.Logging;
using Registry.Server.Configuration;

namespace Registry.Server.Commands.Backup;

/// <summary>Arguments that the commands on the folder of a backup share.</summary>
/// <param name="folderDescription">Help of the folder.</param>
internal sealed class BackupArguments(string folderDescription)
{
    public Argument<string> Folder { get; } = new("FOLDER") { Description = folderDescription };

    public Option<bool> List { get; } = new("--list") { Description = "Only list the generations in the folder, oldest first." };

    public Option<bool> Json { get; } = CommandContext.JsonOption();

    /// <summary>Makes a command print the generations with <c>--list</c>, and do its work otherwise.</summary>
    /// <param name="command">The command; it has these arguments.</param>
    /// <param name="context">Environment of the command.</param>
    /// <param name="read">Reads the request from the arguments, the folder and <c>--json</c>.</param>
    /// <param name="run">Does the work.</param>
    public void SetAction<TRequest>(
        Command command,
        CommandContext context,
        Func<ParseResult, string, bool, TRequest> read,
        Func<CommandContext, RegistryOptions, TRequest, TimeProvider, ILoggerFactory, CancellationToken, Task<int>> run) =>
        command.SetAction((parsed, _) =>
        {
            var (folder, isJson) = (parsed.GetRequiredValue(Folder), parsed.GetValue(Json));
            return parsed.GetValue(List)
                ? GenerationList.WriteAsync(context, folder, isJson)
                : context.WithSignalsAsync(parsed, (options, loggers, cancelled) =>
                    run(context, options, read(parsed, folder, isJson), TimeProvider.System, loggers, cancelled));
        });
}
