using System.CommandLine;
using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Server.Api.Activity;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Activity;

/// <summary><c>registry activity</c>: what has happened in the repositories of a running registry.</summary>
internal static class ActivityCommand
{
    public static Command Create(CommandContext context)
    {
        var repository = new Argument<string?>("REPO")
        {
            Description = "The repository: team/app, or host/team/app as docker writes it. Without it, all repositories.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        repository.Validators.Add(result => RemoteArguments.Check(
            result, RemoteArguments.IsRepository, "does not name a repository; write it like team/app or registry.example.com/team/app"));
        var user = new Option<string>("--user") { HelpName = "NAME", Description = "Only what this user did." };
        var kind = new Option<string>("--kind") { HelpName = "KIND", Description = $"Only changes of this kind: {string.Join(", ", ChangeKindName.All)}." };
        kind.AcceptOnlyFromAmong([.. ChangeKindName.All]);
        var limit = RemoteArguments.CreateLimit("Number of changes that are shown.");
        var server = RemoteAddress.CreateOption();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "activity",
            "List what has happened in a running registry, the newest first: pushes, deletions, renames, and who did it. Admins see addresses, programs and request ids, too. Uses the login of 'docker login'.",
            "registry activity",
            "registry activity team/app --kind tag-set",
            "registry activity registry.example.com/team/app --user ci --limit 100 --json")
        {
            repository,
            user,
            kind,
            limit,
            server,
            json,
        };
        command.SetAction((parsed, _) => RemoteCommand.RunAsync(context, parsed, parsed.GetValue(repository), parsed.GetValue(server), "pull", async (registry, image) =>
        {
            var filter = $"user={Uri.EscapeDataString(parsed.GetValue(user) ?? string.Empty)}&kind={parsed.GetValue(kind)}";
            var answer = await ReadAsync(registry, image?.Repository, filter, parsed.GetValue(limit));
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, answer with { Next = null }, json => json.ActivityAnswer);
            }
            else
            {
                ActivityTable.Write(context.Output, answer);
            }

            if (answer.Next is not null)
            {
                context.Error.WriteLine($"registry: there are more; --limit shows more than {answer.Changes.Count}");
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    // A page of rare changes may be empty, and others follow.
    private static async Task<ActivityAnswer> ReadAsync(RemoteRegistry registry, RepositoryName? repository, string filter, int limit)
    {
        var path = repository is { } name ? $"/api/v1/activity?repository={name}&" : "/api/v1/activity/all?";
        var answer = await registry.GetAsync($"{path}{filter}&n={RemotePages.SizeOf(limit, 0)}", ActivityJson.Default.ActivityAnswer);
        var all = answer.Changes.ToList();
        while (answer.Next is { } next && all.Count < limit)
        {
            answer = await registry.GetAsync(RemotePages.WithSize(next, limit, all.Count), ActivityJson.Default.ActivityAnswer);
            all.AddRange(answer.Changes);
        }

        return answer with { Changes = all };
    }
}
