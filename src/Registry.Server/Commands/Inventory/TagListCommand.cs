using System.CommandLine;
using Registry.Core.Oci;
using Registry.Server.Api.Inventory;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Inventory;

/// <summary><c>registry tags</c>: the tags of a repository of a running registry.</summary>
internal static class TagListCommand
{
    public static Command Create(CommandContext context)
    {
        var repository = new Argument<string>("REPO") { Description = "The repository: repository, or host/repository as docker writes it." };
        repository.Validators.Add(result => RemoteArguments.Check(
            result, RemoteArguments.IsRepository, "does not name a repository; write it like team/app or registry.example.com/team/app"));
        var prefix = new Option<string>("--prefix") { HelpName = "TEXT", Description = "Only tags that begin with this text." };
        var sort = new Option<string>("--sort") { HelpName = "ORDER", Description = "time (the last set first) or name.", DefaultValueFactory = _ => "time" };
        sort.AcceptOnlyFromAmong("time", "name");
        var limit = RemoteArguments.CreateLimit("Number of tags that are shown.");
        var server = RemoteAddress.CreateOption();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "tags",
            "List the tags of a repository of a running registry, the last set first: what each refers to, its platforms and size, and who has set it when. Uses the login of 'docker login'.",
            "registry tags team/app",
            "registry tags registry.example.com/team/app --prefix v1. --sort name",
            "registry tags team/app --limit 1000 --json")
        {
            repository,
            prefix,
            sort,
            limit,
            server,
            json,
        };
        command.SetAction((parsed, _) => RemoteCommand.RunAsync(context, parsed, parsed.GetRequiredValue(repository), parsed.GetValue(server), "pull", async (registry, image) =>
        {
            var answer = await ReadAsync(
                registry, image!.Repository, $"sort={parsed.GetValue(sort)}&prefix={Uri.EscapeDataString(parsed.GetValue(prefix) ?? string.Empty)}", parsed.GetValue(limit));
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, answer with { Next = null }, json => json.TagListAnswer);
            }
            else
            {
                InventoryTable.Write(context.Output, answer);
            }

            if (answer.Next is not null)
            {
                context.Error.WriteLine($"registry: there are more; --limit shows more than {answer.Tags.Count}");
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static async Task<TagListAnswer> ReadAsync(RemoteRegistry registry, RepositoryName repository, string query, int limit)
    {
        var answer = await registry.GetAsync(
            $"/api/v1/tags?repository={repository}&{query}&n={RemotePages.SizeOf(limit, 0)}", InventoryJson.Default.TagListAnswer);
        var all = answer.Tags.ToList();
        while (answer.Next is { } next && all.Count < limit)
        {
            answer = await registry.GetAsync(RemotePages.WithSize(next, limit, all.Count), InventoryJson.Default.TagListAnswer);
            all.AddRange(answer.Tags);
        }

        return answer with { Tags = all };
    }
}
