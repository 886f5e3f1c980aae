using System.CommandLine;
using Registry.Server.Api.Inventory;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Inventory;

/// <summary><c>registry ls</c>: the repositories of a running registry.</summary>
internal static class RepositoryListCommand
{
    public static Command Create(CommandContext context)
    {
        var place = new Argument<string?>("PREFIX")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "Beginning of the repositories: prefix, host, or host/prefix. Default: all repositories.",
        };
        var search = new Option<string>("--search") { HelpName = "TEXT", Description = "Only repositories with this text anywhere in their names." };
        var sort = new Option<string>("--sort") { HelpName = "ORDER", Description = "name, pushed (the last push first) or size (the largest first).", DefaultValueFactory = _ => "name" };
        sort.AcceptOnlyFromAmong("name", "pushed", "size");
        var limit = RemoteArguments.CreateLimit("Number of repositories that are shown.");
        var server = RemoteAddress.CreateOption();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "ls",
            "List the repositories of a running registry that you may pull from: how many tags each has, its size, and who has pushed last. Uses the login of 'docker login'.",
            "registry ls",
            "registry ls registry.example.com/team/ --sort size",
            "registry ls --search payment --limit 100 --json")
        {
            place,
            search,
            sort,
            limit,
            server,
            json,
        };
        command.SetAction((parsed, _) =>
        {
            var (host, prefix) = Split(parsed.GetValue(place), parsed.GetValue(server));
            return RemoteCommand.RunOnAllAsync(context, parsed, host, parsed.GetValue(server), async registry =>
            {
                var shown = parsed.GetValue(limit);
                var answer = await ReadAsync(
                    registry, $"sort={parsed.GetValue(sort)}&prefix={Uri.EscapeDataString(prefix)}&q={Uri.EscapeDataString(parsed.GetValue(search) ?? string.Empty)}", shown);
                if (parsed.GetValue(json))
                {
                    ReportJson.Write(context.Output, answer with { Next = null }, json => json.RepositoryListAnswer);
                }
                else
                {
                    InventoryTable.Write(context.Output, answer);
                }

                if (answer.Next is not null)
                {
                    context.Error.WriteLine($"registry: there are more; --limit shows more than {answer.Repositories.Count}");
                }

                return ExitCodes.Success;
            });
        });
        return command;
    }

    // As clients tell a host from a part of the name. With --server, it is a part unless it cannot be one.
    private static (string? Host, string Prefix) Split(string? text, string? server)
    {
        if (string.IsNullOrEmpty(text))
        {
            return (null, string.Empty);
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? text : text[..slash];
        var isHost = first.Contains(':', StringComparison.Ordinal)
            || (server is null && (first == "localhost" || first.Contains('.', StringComparison.Ordinal)))
            || (server is not null && Uri.TryCreate(server, UriKind.Absolute, out var url) && string.Equals(url.Authority, first, StringComparison.OrdinalIgnoreCase));
        return isHost ? (first, slash < 0 ? string.Empty : text[(slash + 1)..]) : (null, text);
    }

    private static async Task<RepositoryListAnswer> ReadAsync(RemoteRegistry registry, string query, int limit)
    {
        var answer = await registry.GetAsync($"/api/v1/repositories?{query}&n={RemotePages.SizeOf(limit, 0)}", InventoryJson.Default.RepositoryListAnswer);
        var all = answer.Repositories.ToList();
        while (answer.Next is { } next && all.Count < limit)
        {
            answer = await registry.GetAsync(RemotePages.WithSize(next, limit, all.Count), InventoryJson.Default.RepositoryListAnswer);
            all.AddRange(answer.Repositories);
        }

        return answer with { Repositories = all };
    }
}
