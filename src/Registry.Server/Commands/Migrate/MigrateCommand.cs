using System.CommandLine;
using Microsoft.Extensions.Logging;
using Registry.Core.Storage;
using Registry.Images.Migration;
using Registry.Server.Configuration;

namespace Registry.Server.Commands.Migrate;

/// <summary><c>registry migrate</c>: moves a registry to another storage, in passes while it runs, and a last one while it is stopped.</summary>
internal static class MigrateCommand
{
    private const string Interrupted = "the move was interrupted; run the command again to continue. The source is as it was";

    public static Command Create(CommandContext context)
    {
        var from = new Option<string>("--from") { HelpName = "FILE", Description = "File with the settings of the registry to move, one NAME=value a line. Default: the settings of the command." };
        var to = new Option<string>("--to") { HelpName = "FILE", Description = "File with the settings of its new place. Default: the settings of the command." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only count what would be copied and removed." };
        var final = new Option<bool>("--final") { Description = "Last pass, with the registry stopped: copy what has changed, compare both ends, and keep the old one from starting." };
        var content = new Option<bool>("--compare-content") { Description = "With --final: read all bytes of the new place, instead of asking for their sizes." };
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "migrate",
            "Move the whole registry to another storage: between a data folder and PostgreSQL with S3, in either direction. The registry may be running, except for the last pass. "
                + "Each pass continues the one before.",
            "registry migrate --to new.env --dry-run",
            "registry migrate --to new.env",
            "registry migrate --from old.env --to new.env --final")
        {
            from,
            to,
            dryRun,
            final,
            content,
            json,
        };
        command.SetAction((parsed, _) =>
        {
            var request = new MigrateRequest(parsed.GetValue(from), parsed.GetValue(to))
            {
                IsDryRun = parsed.GetValue(dryRun),
                IsFinal = parsed.GetValue(final),
                ComparesContent = parsed.GetValue(content),
                IsJson = parsed.GetValue(json),
            };
            return context.WithSignalsAsync(
                parsed, (options, loggers, cancelled) => RunAsync(context, options, request, TimeProvider.System, loggers, cancelled));
        });
        return command;
    }

    /// <summary>Makes a pass of the move and prints the report.</summary>
    /// <returns>0; 1 when content could not be copied, the ends differ after the last pass, or the pass failed; 2 when an argument or a setting is wrong.</returns>
    public static async Task<int> RunAsync(
        CommandContext context, RegistryOptions options, MigrateRequest request, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (Check(request) is { } wrong)
        {
            return context.Refuse(wrong);
        }

        if (ReadEnd(context, options, request.From) is not { } source || ReadEnd(context, options, request.To) is not { } target)
        {
            return ExitCodes.Usage;
        }

        var ends = new MigrationEnds(source, target);
        if (ends.FindShared() is { } shared)
        {
            return context.Refuse(shared);
        }

        var run = new MigrationRun(context, request, ends, time, loggers, cancellationToken);
        try
        {
            return await (request.IsDryRun ? run.CountAsync() : request.IsFinal ? run.FinishAsync() : run.CopyAsync());
        }
        catch (SourceFaultException e)
        {
            return context.Fail(source.Storage, e.Fault);
        }
        catch (StorageException e)
        {
            return context.Fail(target.Storage, e);
        }
        catch (OperationCanceledException)
        {
            return context.Fail(Interrupted);
        }
    }

    private static string? Check(MigrateRequest request) => request switch
    {
        { From: null, To: null } => "name the other end: --to FILE with the settings of the new place, or --from FILE with those of the registry to move",
        { IsDryRun: true, IsFinal: true } => "--dry-run and --final exclude each other",
        { ComparesContent: true, IsFinal: false } => "--compare-content belongs to --final, which compares both ends",
        _ => null,
    };

    private static RegistryOptions? ReadEnd(CommandContext context, RegistryOptions own, string? path)
    {
        if (path is null)
        {
            return MigrationEnds.Open(own);
        }

        var loaded = EnvironmentFile.Read(path);
        foreach (var warning in loaded.Warnings)
        {
            context.Warn(warning);
        }

        foreach (var fault in loaded.Faults)
        {
            context.Refuse(fault);
        }

        return loaded.Faults.Count == 0 ? MigrationEnds.Open(loaded.Options) : null;
    }
}
