using System.CommandLine;
using System.Globalization;
using Registry.Core.Oci;
using Registry.Server.Api.History;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Tags;

/// <summary><c>registry tag …</c>: the history of a tag of a running registry, its state at a time, and setting it back.</summary>
internal static class TagCommands
{
    // The default of REGISTRY_PAGINATION_MAX_LIMIT.
    private const int MaxPage = 1000;

    public static Command Create(CommandContext context) => new DescribedCommand(
        "tag", "Show who has moved a tag of a running registry, and set it back. Uses the login of 'docker login'.")
    {
        CreateHistory(context),
        CreateShow(context),
        CreateRollback(context),
    };

    private static DescribedCommand CreateHistory(CommandContext context)
    {
        var tag = TagArguments.CreateTag();
        var server = RemoteAddress.CreateOption();
        var limit = RemoteArguments.CreateLimit("Number of changes that are shown, the newest first.");
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "history",
            "List what a tag has referred to, when, and who changed it. The tag may be deleted. Admins see addresses, programs and request ids, too.",
            "registry tag history team/app:latest",
            "registry tag history registry.example.com/team/app:latest --limit 100",
            "registry tag history team/app:latest --server http://localhost:15000 --json")
        {
            tag,
            limit,
            server,
            json,
        };
        command.SetAction((parsed, _) => RemoteCommand.RunAsync(context, parsed, parsed.GetRequiredValue(tag), parsed.GetValue(server), "pull", async (registry, image) =>
        {
            var history = await ReadAsync(registry, image!, parsed.GetValue(limit));
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, history, json => json.TagHistoryAnswer);
                return ExitCodes.Success;
            }

            HistoryTable.Write(context.Output, history);
            if (history.Next is not null)
            {
                context.Error.WriteLine($"registry: older changes are left out; --limit shows more than {history.Entries.Count}");
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static DescribedCommand CreateShow(CommandContext context)
    {
        var tag = TagArguments.CreateTag();
        var at = TagArguments.CreateTime("The time, with its offset from UTC. Default: now.");
        var server = RemoteAddress.CreateOption();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "show",
            "Show which manifest a pull of a tag gets now, or would have got at a time. Exits with 1 when there was no such tag.",
            "registry tag show team/app:latest",
            "registry tag show team/app:latest --at 2026-11-26T18:00Z")
        {
            tag,
            at,
            server,
            json,
        };
        command.SetAction((parsed, _) => RemoteCommand.RunAsync(context, parsed, parsed.GetRequiredValue(tag), parsed.GetValue(server), "pull", async (registry, image) =>
        {
            var time = parsed.GetValue(at);
            var state = await registry.GetAsync(
                $"/api/v1/tags/show?{Query(image!)}{(time is null ? "" : $"&at={Uri.EscapeDataString(time)}")}", HistoryJson.Default.TagStateAnswer);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, state, json => json.TagStateAnswer);
            }
            else
            {
                HistoryTable.Write(context.Output, state);
            }

            return state.Digest is null ? ExitCodes.Failure : ExitCodes.Success;
        }));
        return command;
    }

    private static DescribedCommand CreateRollback(CommandContext context)
    {
        var tag = TagArguments.CreateTag();
        var to = TagArguments.CreateDigest("--to", "The manifest that the tag is set to. Default: the one before the last change.");
        var at = TagArguments.CreateTime("Set the tag to what it was at this time, with its offset from UTC.");
        var ifMatch = TagArguments.CreateDigest("--if-match", "Change nothing unless the tag refers to this manifest now.");
        var server = RemoteAddress.CreateOption();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "rollback",
            "Set a tag back to a manifest that it has referred to. This undoes a push; it also brings a deleted tag back. The rollback is a change of the history itself.",
            "registry tag rollback team/app:latest",
            "registry tag rollback team/app:latest --at 2026-11-26T18:00Z",
            "registry tag rollback team/app:latest --to sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        {
            tag,
            to,
            at,
            ifMatch,
            server,
            json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(to) is not null && result.GetResult(at) is not null)
            {
                result.AddError("--to and --at cannot be combined");
            }
        });
        command.SetAction((parsed, _) => RemoteCommand.RunAsync(context, parsed, parsed.GetRequiredValue(tag), parsed.GetValue(server), "pull,push", async (registry, image) =>
        {
            var rollback = await registry.PostAsync(
                $"/api/v1/tags/rollback?{Query(image!)}",
                new RollbackBody { To = parsed.GetValue(to), At = parsed.GetValue(at) },
                HistoryJson.Default.RollbackBody,
                parsed.GetValue(ifMatch),
                HistoryJson.Default.RollbackAnswer);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, rollback, json => json.RollbackAnswer);
            }
            else
            {
                context.Output.WriteLine(
                    !rollback.Changed ? $"{image} refers to {rollback.Digest} already; nothing was changed"
                    : rollback.Previous is { } previous ? $"{image} refers to {rollback.Digest} now, and not to {previous} any more"
                    : $"{image} refers to {rollback.Digest} now; before, there was no such tag");
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static string Query(ImageReference image) => $"repository={image.Repository}&tag={image.Reference!.Value.Tag}";

    private static async Task<TagHistoryAnswer> ReadAsync(RemoteRegistry registry, ImageReference image, int limit)
    {
        var entries = new List<HistoryEntryAnswer>();
        while (true)
        {
            var before = entries.Count == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $"&before={entries[^1].Position}");
            var n = Math.Min(limit - entries.Count, MaxPage);
            var page = await registry.GetAsync(
                string.Create(CultureInfo.InvariantCulture, $"/api/v1/tags/history?{Query(image)}{before}&n={n}"), HistoryJson.Default.TagHistoryAnswer);
            entries.AddRange(page.Entries);
            if (page.Next is null || page.Entries.Count == 0 || entries.Count >= limit)
            {
                return page with { Entries = entries };
            }
        }
    }
}
