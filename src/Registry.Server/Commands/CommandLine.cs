using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Registry.Server.Commands.Access;
using Registry.Server.Commands.Activity;
using Registry.Server.Commands.Backup;
using Registry.Server.Commands.Events;
using Registry.Server.Commands.Inspect;
using Registry.Server.Commands.Inventory;
using Registry.Server.Commands.Maintain;
using Registry.Server.Commands.Migrate;
using Registry.Server.Commands.Mirroring;
using Registry.Server.Commands.Policies;
using Registry.Server.Commands.Removal;
using Registry.Server.Commands.Repositories;
using Registry.Server.Commands.Serve;
using Registry.Server.Commands.Space;
using Registry.Server.Commands.Tags;
using Registry.Server.Commands.Transfer;
using Registry.Server.Commands.Trash;

namespace Registry.Server.Commands;

/// <summary>Tree of commands. To add a command, write a class with its arguments and its action, and add a line here.</summary>
internal static class CommandLine
{
    // No response files (@file): settings would have one more source.
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false };

    /// <summary>Creates the tree of commands.</summary>
    public static RootCommand Create(CommandContext context)
    {
        var root = new RootCommand("An OCI container registry. Without a command, it runs 'serve'.")
        {
            ServeCommand.Create(context),
            GcCommand.Create(context),
            VerifyCommand.Create(context),
            JobCommands.Create(context),
            ReadOnlyCommand.Create(context),
            ReindexCommand.Create(context),
            BucketCommands.Create(context),
            SchemaCommands.Create(context),
            BackupCommand.Create(context),
            RestoreCommand.Create(context),
            ExportCommand.Create(context),
            ImportCommand.Create(context),
            CopyCommand.Create(context),
            MigrateCommand.Create(context),
            RepositoryListCommand.Create(context),
            ActivityCommand.Create(context),
            TagListCommand.Create(context),
            InspectCommand.Create(context),
            RemoveCommand.Create(context),
            TagCommands.Create(context),
            TrashCommands.Create(context),
            RepositoryCommands.Create(context),
            MirrorCommands.Create(context),
            PolicyCommands.Create(context),
            EventCommands.Create(context),
            SpaceCommand.Create(context),
            UserCommands.Create(context),
            AccessCommands.Create(context),
            ConfigCommand.Create(context),
            HealthcheckCommand.Create(context),
            CompletionCommand.Create(context),
            VersionCommand.Create(context),
        };
        var help = new HelpText(context.Settings, context.Terminal);
        root.Add(HelpCommand.Create(context, help));
        root.SetAction((parsed, _) => ServeCommand.RunAsync(context, parsed));
        root.Options.Clear();
        root.Add(VersionCommand.CreateOption(context));
        root.Add(new HelpOption("--help", "-h") { Recursive = true, Description = "Print this help.", Action = help });
        context.Settings.AddTo(root);
        var suggest = root.Directives.OfType<SuggestDirective>().Single();
        suggest.Action = new Completions(root, context.Settings, suggest, context.Output);
        return root;
    }

    /// <summary>Parses the arguments of the program.</summary>
    public static ParseResult Parse(RootCommand root, IReadOnlyList<string> arguments) => root.Parse(SettingOptions.CompleteSwitches(arguments), Parsing);

    /// <summary>Parses the line of a shell, for completion.</summary>
    public static ParseResult Parse(RootCommand root, string line) => root.Parse(line, Parsing);

    /// <summary>Runs the command that the arguments name.</summary>
    /// <returns>One of the <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CommandContext context)
    {
        // Without arguments, the start does not wait for the tree of commands.
        if (arguments is [] or ["serve"])
        {
            context.UseLogFormat(null);
            return await ServeCommand.RunAsync(context, parsed: null);
        }

        var parsed = Parse(Create(context), arguments);
        context.UseLogFormat(parsed);
        if (parsed.Action is ParseErrorAction)
        {
            UsageFault.Write(parsed, context.Error);
            return ExitCodes.Usage;
        }

        // The commands handle signals and exceptions themselves.
        return await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = context.Output,
            Error = context.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        });
    }

    /// <summary>Full name of a command: <c>registry user add</c>.</summary>
    public static string PathOf(Command command) =>
        command is RootCommand ? "registry" : $"{PathOf(command.Parents.OfType<Command>().First())} {command.Name}";
}
