using System.CommandLine;
using Microsoft.Extensions.Logging;
using Registry.Core.Maintenance;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Commands;

/// <summary>
/// <c>registry verify</c>: reads everything that is stored, as fast as the disk allows, while no registry uses the folder. A running registry
/// does the same in the background.
/// </summary>
internal static class VerifyCommand
{
    public static Command Create(CommandContext context)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Change nothing, only report." };
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "verify",
            "Read everything that is stored, and move what is damaged into quarantine. Ends with 1 when it has found something. "
            + "The registry must not be running.",
            "registry verify",
            "registry verify --dry-run --json")
        {
            dryRun,
            json,
        };
        command.SetAction((parsed, _) => context.WithOptionsAsync(
            parsed, (options, loggers) => RunAsync(options, loggers, parsed.GetValue(dryRun), parsed.GetValue(json), context.Output)));
        return command;
    }

    // The log has a line for each fault.
    private static async Task<int> RunAsync(RegistryOptions options, ILoggerFactory loggers, bool isDryRun, bool isJson, TextWriter output)
    {
        var path = Path.GetFullPath(options.StoragePath);
        try
        {
            await using var storage = RegistryStorage.Open(path, TimeProvider.System, loggers);
            if (isDryRun && !storage.IndexTarget.IsComplete)
            {
                return Refusal.NotIndexed(path);
            }

            var indexer = new TreeIndexer(storage.Tree, storage.IndexTarget, storage.Threads, loggers.CreateLogger<TreeIndexer>());
            await indexer.RunAsync(CancellationToken.None);
            var pace = new Pace(Pace.Unlimited, TimeProvider.System);
            var inspector = new BlobInspector(
                storage.Scrub, storage.VerifierMetadata, storage.Locks, pace, loggers.CreateLogger<BlobInspector>());
            var verifier = new Verifier(
                inspector, storage.VerifierMetadata, storage.Clock, options.VerifyPeriod, TimeProvider.System, loggers.CreateLogger<Verifier>());
            var result = await VerifyAsync(verifier, isDryRun);
            if (isJson)
            {
                ReportJson.Write(output, result, json => json.VerificationResult);
                return result.IsClean ? ExitCodes.Success : ExitCodes.Failure;
            }

            output.WriteLine(
                $"{result.Count} blobs and manifests with {result.Bytes} bytes were read in {path}: "
                + $"{result.Damaged} damaged, {result.Missing} missing, {result.Unreadable} unreadable."
                + (result.IsMetadataDamaged ? " registry.db is damaged; 'registry reindex' rebuilds it." : string.Empty));
            return result.IsClean ? ExitCodes.Success : ExitCodes.Failure;
        }
        catch (StorageException e)
        {
            return Refusal.Of(path, e);
        }
    }

    private static async Task<VerificationResult> VerifyAsync(Verifier verifier, bool isDryRun)
    {
        using var progress = ProgressLine<VerificationResult>.OnError(
            done => $"Verifying: {done.Count} blobs and manifests with {done.Bytes} bytes so far, "
                + $"{done.Damaged} damaged, {done.Missing} missing, {done.Unreadable} unreadable");
        return await verifier.VerifyAllAsync(isDryRun, progress, CancellationToken.None);
    }
}
