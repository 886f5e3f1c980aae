using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Core.Collection;
using Registry.Core.Oci;
using Registry.Server.Commands.Progress;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Storage;

namespace Registry.Server.Commands.Maintain;

/// <summary><c>registry gc</c>: runs a collection in a stopped registry, or previews and explains one.</summary>
internal static class GcCommand
{
    public static Command Create(CommandContext context)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Change nothing; list what would be removed, and why." };
        var force = new Option<bool>("--force") { Description = "Remove even more than half of the content, and even while the collection is paused." };
        var explain = new Option<string>("--explain") { HelpName = "DIGEST", Description = "Change nothing; tell why this blob or manifest is kept. Exits with 1 when it is not stored." };
        var untagged = new Option<bool>("--untagged") { Description = "Change nothing; list manifests that no tag, index or subject holds." };
        var olderThan = new Option<string>("--older-than") { HelpName = "TIME", Description = "With --untagged: only manifests that were pushed at least this long ago, such as 30d." };
        var delete = new Option<bool>("--delete") { Description = "With --untagged: delete the listed manifests." };
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "gc",
            "Collect garbage now; a running registry does so by itself. The registry must not be running.",
            "registry gc --dry-run",
            "registry gc",
            "registry gc --untagged --older-than 30d",
            "registry gc --explain sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --json")
        {
            dryRun,
            force,
            explain,
            untagged,
            olderThan,
            delete,
            json,
        };
        command.Validators.Add(result =>
        {
            if (new Option[] { dryRun, force, explain }.Count(option => result.GetResult(option) is { Implicit: false }) > 1)
            {
                result.AddError("--dry-run, --force and --explain cannot be combined");
            }

            if (result.GetValue(untagged) && new Option[] { dryRun, explain }.Any(option => result.GetResult(option) is { Implicit: false }))
            {
                result.AddError("--untagged cannot be combined with --dry-run or --explain; without --delete it only lists");
            }

            if (!result.GetValue(untagged) && new Option[] { olderThan, delete }.Any(option => result.GetResult(option) is { Implicit: false }))
            {
                result.AddError("--older-than and --delete need --untagged");
            }

            if (Text(result, olderThan) is { } age && !Duration.TryParse(age, out _))
            {
                result.AddError($"'{age}' is not a time; write it like 30d, 12h or 1h30m");
            }

            if (Text(result, explain) is { } text && !Digest.TryParse(text, out _))
            {
                result.AddError($"'{text}' is not a digest; write it like sha256:e3b0c442…, with all 64 digits");
            }
        });
        command.SetAction((parsed, _) =>
        {
            Digest? explained = parsed.GetValue(explain) is { } text ? Digest.Parse(text) : null;
            var age = parsed.GetValue(olderThan) is { } time && Duration.TryParse(time, out var least) ? least : TimeSpan.Zero;
            var request = new GcRequest(
                parsed.GetValue(dryRun),
                parsed.GetValue(force),
                explained,
                parsed.GetValue(untagged) ? new GcRequest.UntaggedManifests(age, parsed.GetValue(delete)) : null,
                parsed.GetValue(json));
            return context.WithSignalsAsync(
                parsed, (options, loggers, cancelled) => RunAsync(context, options, request, TimeProvider.System, loggers, cancelled));
        });
        return command;
    }

    // GetValue throws for an option without its value, which the parser has reported already.
    private static string? Text(CommandResult result, Option<string> option) =>
        result.GetResult(option) is { Tokens: [var token] } ? token.Value : null;

    public static async Task<int> RunAsync(
        CommandContext context, RegistryOptions options, GcRequest request, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        return await context.TryAsync(options.Storage, "the collection was interrupted; run it again to continue", async () => await context.WithStorageAsync(
            await RegistryStorage.OpenExistingAsync(options.Storage, options.ChangeRules, time, loggers, writesOut: !request.IsReport),
            storage => RunAsync(context, storage, options, request, time, loggers, cancellationToken)));
    }

    private static async Task<int> RunAsync(
        CommandContext context,
        RegistryStorage storage,
        RegistryOptions options,
        GcRequest request,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        if (!storage.Indexer.IsComplete)
        {
            return context.Fail(options.Storage, StoppedRegistry.NotIndexed);
        }

        var settings = options.CoreSettings with { CollectorOrigin = StoppedRegistry.OriginOf("gc") };
        var core = new RegistryCore(storage.Ports, settings, time, loggers);
        var report = new GcReport(storage, core);
        if (request.Explained is { } digest)
        {
            var explanation = await report.ExplainAsync(digest);
            Write(context, request, explanation, explanation.Write, json => json.GcExplanation);
            return explanation.IsKnown ? ExitCodes.Success : ExitCodes.Failure;
        }

        if (request.IsDryRun)
        {
            var preview = await report.PreviewAsync();
            Write(context, request, preview, preview.Write, json => json.GcPreview);
            return ExitCodes.Success;
        }

        return request.Untagged is { } untagged
            ? await ReportUntaggedAsync(context, report, untagged, time.GetUtcNow(), request, cancellationToken)
            : await CollectAsync(context, core, report, request, cancellationToken);
    }

    private static async Task<int> CollectAsync(
        CommandContext context, RegistryCore core, GcReport report, GcRequest request, CancellationToken cancellationToken)
    {
        var (found, unknown, passed) = await context.WithProgressAsync<long, (IReadOnlyList<Digest> Found, long Unknown, long Passed)>(
            request.IsJson,
            done => new WorkDone("Looking for unknown blobs", done, Unit: "blobs"),
            progress => core.Sweep.FindAsync(progress, cancellationToken));
        if (!request.IsForced && report.Objection(await core.Plan.EstimateAsync(), unknown, passed) is { } objection)
        {
            return context.Fail($"{objection}. Nothing was removed. 'registry gc --dry-run' lists what would be removed, 'registry gc --force' removes it");
        }

        var (manifests, links, blobs) = await context.WithProgressAsync<long, Collected>(
            request.IsJson, done => new WorkDone("Removing", done, Unit: "blobs"), progress => core.Collector.CollectAsync(progress, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        while (await core.Sweep.RemoveAsync(found, cancellationToken) is var removed and > 0)
        {
            // One walk lists a bounded number of blobs; this lists the rest.
            blobs += removed;
            unknown -= found.Count;
            found = unknown > 0 ? (await core.Sweep.FindAsync(cancellationToken)).Found : [];
        }

        var result = new GcResult(manifests, links, blobs);
        Write(context, request, result, result.Write, json => json.GcResult);
        return ExitCodes.Success;
    }

    private static async Task<int> ReportUntaggedAsync(
        CommandContext context, GcReport report, GcRequest.UntaggedManifests asked, DateTimeOffset now, GcRequest request, CancellationToken cancellationToken)
    {
        var (untagged, objection) = await report.UntaggedAsync(asked, now, request.IsForced, cancellationToken);
        if (objection is not null)
        {
            return context.Fail(
                $"{objection}. Nothing was deleted. 'registry gc --untagged' lists the manifests, 'registry gc --untagged --delete --force' deletes them");
        }

        Write(context, request, untagged, untagged.Write, json => json.GcUntagged);
        return ExitCodes.Success;
    }

    private static void Write<T>(
        CommandContext context, GcRequest request, T report, Action<TextWriter> writeText, Func<ReportJson, JsonTypeInfo<T>> type)
    {
        if (request.IsJson)
        {
            ReportJson.Write(context.Output, report, type);
        }
        else
        {
            writeText(context.Output);
        }
    }
}
