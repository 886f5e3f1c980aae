using System.CommandLine;
using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Errors;
using Registry.Core.Verification;
using Registry.Server.Commands.Progress;
using Registry.Server.Configuration;
using Registry.Storage;

namespace Registry.Server.Commands.Maintain;

/// <summary>
/// <c>registry verify</c>: reads all stored content of a stopped registry, as fast as the disk allows. A running registry does the same in
/// the background.
/// </summary>
internal static class VerifyCommand
{
    public static Command Create(CommandContext context)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Change nothing; only report." };
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "verify",
            "Read all stored content and move damaged files into quarantine. Exits with 1 when content is damaged, missing or unreadable. "
            + "The registry must not be running.",
            "registry verify",
            "registry verify --dry-run --json")
        {
            dryRun,
            json,
        };
        command.SetAction((parsed, _) => context.WithSignalsAsync(
            parsed, (options, loggers, cancelled) => RunAsync(context, options, loggers, parsed.GetValue(dryRun), parsed.GetValue(json), cancelled)));
        return command;
    }

    // The log gets a line for each fault.
    private static async Task<int> RunAsync(CommandContext context, RegistryOptions options, ILoggerFactory loggers, bool isDryRun, bool isJson, CancellationToken cancellationToken)
    {
        return await context.TryAsync(options.Storage, "the verification was interrupted; run it again to read the rest", async () => await context.WithStorageAsync(
            await RegistryStorage.OpenExistingAsync(options.Storage, options.ChangeRules, TimeProvider.System, loggers, writesOut: !isDryRun),
            storage => VerifyAsync(context, storage, options, loggers, isDryRun, isJson, cancellationToken)));
    }

    private static async Task<int> VerifyAsync(
        CommandContext context, RegistryStorage storage, RegistryOptions options, ILoggerFactory loggers, bool isDryRun, bool isJson, CancellationToken cancellationToken)
    {
        if (isDryRun && !storage.Indexer.IsComplete)
        {
            return context.Fail(options.Storage, StoppedRegistry.NotIndexed);
        }

        if (storage.Files is { } files)
        {
            await files.Indexer.RunAsync(cancellationToken);
        }

        var core = new RegistryCore(
            storage.Ports, options.CoreSettings with { VerifyBytesPerSecond = Pace.Unlimited }, TimeProvider.System, loggers);
        var (count, bytes) = await storage.VerifierMetadata.CountStoredAsync();
        var result = await context.WithProgressAsync<VerificationResult, VerificationResult>(
            isJson,
            done => new WorkDone(
                $"Verifying {done.Count} of {Count.Of(count, "blob")}{(done.IsClean ? "" : $" ({done.Damaged} damaged, {done.Missing} missing, {done.Unreadable} unreadable)")}",
                done.Bytes,
                bytes),
            progress => core.Verifier.VerifyAllAsync(isDryRun, progress, cancellationToken));
        if (isJson)
        {
            ReportJson.Write(context.Output, result, json => json.VerificationResult);
            return result.IsClean ? ExitCodes.Success : ExitCodes.Failure;
        }

        context.Output.WriteLine(
            $"Read all blobs and manifests in {storage.Name}: {Count.Of(result.Count, "file")}, {Count.Of(result.Bytes, "byte")}; "
            + $"{result.Damaged} damaged, {result.Missing} missing, {result.Unreadable} unreadable."
            + (result.IsMetadataDamaged ? " registry.db is damaged; 'registry reindex' rebuilds it." : string.Empty));
        return result.IsClean ? ExitCodes.Success : ExitCodes.Failure;
    }
}
