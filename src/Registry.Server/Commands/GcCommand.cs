using System.CommandLine;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Registry.Core.Maintenance;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Commands;

/// <summary><c>registry gc</c>: a collection, or what it would do and why, while no registry uses the folder.</summary>
internal static class GcCommand
{
    public static Command Create(CommandContext context)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be removed, and why." };
        var force = new Option<bool>("--force") { Description = "Remove it even when it is implausibly much, or after the registry was killed." };
        var explain = new Option<string>("--explain") { HelpName = "DIGEST", Description = "Only say why this blob is there. Ends with 1 when it is not." };
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "gc",
            "Collect garbage, as the running registry does by itself. The registry must not be running.",
            "registry gc --dry-run",
            "registry gc",
            "registry gc --explain sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --json")
        {
            dryRun,
            force,
            explain,
            json,
        };
        command.Validators.Add(result =>
        {
            if (new Option[] { dryRun, force, explain }.Count(option => result.GetResult(option) is { Implicit: false }) > 1)
            {
                result.AddError("--dry-run, --force and --explain exclude each other");
            }

            if (result.GetValue(explain) is { } text && !Digest.TryParse(text, out _))
            {
                result.AddError($"'{text}' is not a digest; it looks like sha256:e3b0c442…, with all 64 digits");
            }
        });
        command.SetAction((parsed, _) =>
        {
            Digest? explained = parsed.GetValue(explain) is { } text ? Digest.Parse(text) : null;
            var request = new GcRequest(parsed.GetValue(dryRun), parsed.GetValue(force), explained, parsed.GetValue(json));
            return context.WithOptionsAsync(
                parsed, (options, loggers) => RunAsync(options, request, context.Output, TimeProvider.System, loggers));
        });
        return command;
    }

    public static async Task<int> RunAsync(RegistryOptions options, GcRequest request, TextWriter output, TimeProvider time, ILoggerFactory loggers)
    {
        var path = Path.GetFullPath(options.StoragePath);
        try
        {
            await using var storage = RegistryStorage.Open(path, time, loggers);
            if (!storage.IndexTarget.IsComplete)
            {
                return Refusal.NotIndexed(path);
            }

            using var walk = new StorageWalk(
                storage.Blobs, storage.CollectorMetadata, storage.Links, storage.Locks, storage.Threads, storage.Clock, options.GcGrace, loggers.CreateLogger<StorageWalk>());
            var collector = new GarbageCollector(
                storage.CollectorMetadata, storage.Blobs, storage.Locks, new BlobLeases(), walk, storage.Clock, options.GcGrace, loggers.CreateLogger<GarbageCollector>());
            var report = new GcReport(storage, collector, walk, options.GcGrace);
            if (request.Explained is { } digest)
            {
                var explanation = await report.ExplainAsync(digest);
                Write(output, request, explanation, explanation.Write, json => json.GcExplanation);
                return explanation.IsKnown ? ExitCodes.Success : ExitCodes.Failure;
            }

            if (request.IsDryRun)
            {
                var preview = await report.PreviewAsync();
                Write(output, request, preview, preview.Write, json => json.GcPreview);
                return ExitCodes.Success;
            }

            return await CollectAsync(collector, walk, request, output);
        }
        catch (StorageException e)
        {
            return Refusal.Of(path, e);
        }
    }

    private static async Task<int> CollectAsync(GarbageCollector collector, StorageWalk walk, GcRequest request, TextWriter output)
    {
        var (unknown, passed) = await walk.FindAsync(CancellationToken.None);
        if (!request.IsForced && GcReport.Objection(collector.Wait, await collector.EstimateAsync(), unknown.Count, passed) is { } objection)
        {
            return Refusal.Write($"{objection}. Nothing was removed. 'registry gc --dry-run' says what would be, 'registry gc --force' removes it");
        }

        var (links, blobs) = await collector.CollectAsync(CancellationToken.None);
        blobs += await walk.RemoveAsync(unknown, CancellationToken.None);
        var result = new GcResult(links, blobs);
        Write(output, request, result, result.Write, json => json.GcResult);
        return ExitCodes.Success;
    }

    private static void Write<T>(
        TextWriter output, GcRequest request, T report, Action<TextWriter> writeText, Func<ReportJson, JsonTypeInfo<T>> type)
    {
        if (request.IsJson)
        {
            ReportJson.Write(output, report, type);
        }
        else
        {
            writeText(output);
        }
    }
}
