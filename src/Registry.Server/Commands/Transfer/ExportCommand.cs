using System.CommandLine;
using Microsoft.Extensions.Logging;
using Registry.Core.Storage;
using Registry.Images;
using Registry.Images.Backup;
using Registry.Images.Layouts;
using Registry.Server.Api.Maintenance;
using Registry.Server.Configuration;
using Registry.Server.Maintenance;
using Registry.Storage;

namespace Registry.Server.Commands.Transfer;

/// <summary><c>registry export</c>: writes images as an OCI image layout. The registry may be running.</summary>
internal static class ExportCommand
{
    public static Command Create(CommandContext context)
    {
        // A single argument: only its last word is not a reference.
        var words = new Argument<string[]>("REFERENCE... TARGET")
        {
            Description = "One or more images, or a repository for all of its tags; then the target: a folder, a file whose name ends with .tar, or - for standard output.",
            Arity = new ArgumentArity(2, 10_000),
        };
        words.Validators.Add(result => ImageArguments.Check(result, result.Tokens.SkipLast(1).Select(token => token.Value)));
        var alone = new Option<bool>("--no-referrers") { Description = "Do not export referrers such as signatures and SBOMs." };
        var backup = new Option<string>("--from-backup")
        {
            HelpName = "FOLDER[@GENERATION]",
            Description = "Read a backup instead of the data folder: its last generation, or the named one.",
        };
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "export",
            "Write images as an OCI image layout, from the data folder or from a backup. The registry may be running.",
            "registry export team/app:1.0 app.tar",
            "registry export team/app team/tool:2.1 ./layout --no-referrers",
            "registry export team/app:1.0 app.tar --from-backup /mnt/backup@2026-11-27T093000Z")
        {
            words,
            alone,
            backup,
            json,
        };
        command.SetAction((parsed, _) =>
        {
            var all = parsed.GetRequiredValue(words);
            var request = new ExportRequest([.. all[..^1].Select(ImageArguments.Parse)], all[^1], !parsed.GetValue(alone), parsed.GetValue(json))
            {
                Backup = parsed.GetValue(backup) is { } text ? BackupReference.Parse(text) : null,
            };
            return context.WithSignalsAsync(
                parsed, (options, loggers, cancelled) => RunAsync(context, options, request, TimeProvider.System, loggers, cancelled));
        });
        return command;
    }

    /// <summary>Exports the images and prints the report: to standard error when the archive goes to standard output.</summary>
    public static async Task<int> RunAsync(
        CommandContext context, RegistryOptions options, ExportRequest request, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var describe = WorkDone.OfTransfer("Exporting");
        try
        {
            await using var storage = request.Backup is { } backup
                ? await BackupRun.OpenAsync(backup.Folder, backup.Generation, time, loggers)
                : await StorageReader.OpenAsync(options.Storage, time, loggers, cancellationToken);
            if (request.Target == "-")
            {
                await using var stream = context.Terminal.OpenOutput();
                var streamed = await context.WithProgressAsync(request.IsJson, describe, progress => ImageExport.ToStreamAsync(
                    storage, request.Images, stream, request.WithReferrers, progress, cancellationToken));
                Write(streamed, request.IsJson, context.Error);
                return ExitCodes.Success;
            }

            var report = await context.WithProgressAsync(request.IsJson, describe, progress => ImageExport.ToPathAsync(
                storage, request.Images, request.Target, request.WithReferrers, progress, cancellationToken));
            Write(report, request.IsJson, context.Output);
            return ExitCodes.Success;
        }
        catch (LayoutException e)
        {
            return context.Fail($"{e.Message}. Nothing was exported");
        }
        catch (StorageException e)
        {
            return request.Backup is null ? context.Fail(options.Storage, e) : context.Fail(e.Message);
        }
        catch (OperationCanceledException)
        {
            return context.Fail("the export was interrupted; nothing was exported");
        }
    }

    private static void Write(TransferReport report, bool isJson, TextWriter output)
    {
        if (isJson)
        {
            ReportJson.Write(output, report, json => json.TransferReport);
        }
        else
        {
            TransferLines.Write(report, "Exported", output);
        }
    }
}
