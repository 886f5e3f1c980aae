using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Registry.Core.Oci;
using Registry.Server.Api.Space;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Space;

/// <summary><c>registry space</c>: what uses the space of a running registry, by repository, or by the tags of one.</summary>
internal static class SpaceCommand
{
    private const int UsualLimit = 20;

    // The default of REGISTRY_PAGINATION_MAX_LIMIT.
    private const int MaxPage = 1000;

    // The first round of a large registry takes longer, and the command says so.
    private const int Attempts = 30;

    private const string NotComputed =
        "the registry has no figures yet. It computes them in the background, but not while it is read-only or indexes a data folder; ask again in some minutes";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static Command Create(CommandContext context)
    {
        var repository = new Argument<string?>("REPO")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "The repository whose tags are listed: repository, or host/repository as docker writes it. Default: all repositories.",
        };
        repository.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => !IsRepository(token.Value)))
            {
                result.AddError($"'{token.Value}' does not name a repository; write it like team/app or registry.example.com/team/app");
            }
        });
        var limit = new Option<int>("--limit") { HelpName = "N", Description = "Number of repositories or tags that are shown, the largest first.", DefaultValueFactory = _ => UsualLimit };
        limit.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0))
            {
                result.AddError($"--limit is '{token.Value}'; allowed: a whole number of 1 or more");
            }
        });
        var server = RemoteAddress.CreateOption();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "space",
            "Show what uses the space of a running registry: for each repository, or each tag of one, what it refers to and what would be free without it. Uses the login of 'docker login'.",
            "registry space",
            "registry space team/app",
            "registry space registry.example.com/team/app --limit 100 --json")
        {
            repository,
            limit,
            server,
            json,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            context, parsed, parsed.GetValue(repository), parsed.GetValue(server), parsed.GetValue(limit), parsed.GetValue(json), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult parsed, string? text, string? server, int limit, bool isJson, CancellationToken cancellationToken)
    {
        ImageReference? image = null;
        var sources = context.Sources(parsed);
        var address = text is null ? RemoteAddress.Find(server, sources, out var fault) : RemoteAddress.Find(server, text, sources, out image, out fault);
        if (address is null)
        {
            return context.Refuse(fault);
        }

        try
        {
            var credentials = DockerCredentials.Of(context);
            using var registry = await RemoteRegistry.ConnectAsync(address, credentials, image is null ? RemoteScope.Catalog : RemoteScope.Of(image.Repository, "pull"));
            return image is null
                ? await ShowRegistryAsync(context, registry, limit, isJson, cancellationToken)
                : await ShowRepositoryAsync(context, registry, image.Repository, limit, isJson, cancellationToken);
        }
        catch (RemoteException e)
        {
            return context.Fail(e.Message);
        }
    }

    private static async Task<int> ShowRegistryAsync(CommandContext context, RemoteRegistry registry, int limit, bool isJson, CancellationToken cancellationToken)
    {
        var path = $"/api/v1/space?n={MaxPage}";
        var space = await ReadAsync(registry, path, SpaceJson.Default.SpaceAnswer, answer => answer.ComputedAt, cancellationToken);
        if (space is null)
        {
            return context.Fail(NotComputed);
        }

        var repositories = new List<RepositorySpaceAnswer>(space.Repositories);
        for (var page = space; page.Next is { } next && page.Repositories.Count > 0;)
        {
            page = await registry.GetAsync(next, SpaceJson.Default.SpaceAnswer);
            repositories.AddRange(page.Repositories);
        }

        // The names are in order, and the largest come first.
        var largest = repositories.OrderByDescending(one => one.Unique ?? one.Referred).ThenByDescending(one => one.Referred).Take(limit).ToList();
        space = space with { Repositories = largest, Next = null };
        if (isJson)
        {
            ReportJson.Write(context.Output, space, json => json.SpaceAnswer);
        }
        else
        {
            SpaceTable.Write(context.Output, space);
        }

        if (repositories.Count > largest.Count)
        {
            context.Error.WriteLine($"registry: {repositories.Count - largest.Count} smaller repositories are left out; --limit shows more than {largest.Count}");
        }

        return ExitCodes.Success;
    }

    private static async Task<int> ShowRepositoryAsync(
        CommandContext context, RemoteRegistry registry, RepositoryName repository, int limit, bool isJson, CancellationToken cancellationToken)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"/api/v1/space/repository?repository={repository}&n={limit}");
        var space = await ReadAsync(registry, path, SpaceJson.Default.RepositoryTagsAnswer, answer => answer.ComputedAt, cancellationToken);
        if (space is null)
        {
            return context.Fail(NotComputed);
        }

        if (isJson)
        {
            ReportJson.Write(context.Output, space, json => json.RepositoryTagsAnswer);
        }
        else
        {
            SpaceTable.Write(context.Output, space);
        }

        if (space.Tags is null)
        {
            context.Error.WriteLine($"registry: {repository} has too many manifests for figures of its tags");
        }
        else if (space.More > 0)
        {
            context.Error.WriteLine($"registry: {space.More} smaller tags are left out; --limit shows more than {space.Tags.Count}");
        }

        return ExitCodes.Success;
    }

    // Null if there are no figures in time. The first request has asked for them.
    private static async Task<T?> ReadAsync<T>(
        RemoteRegistry registry, string path, JsonTypeInfo<T> type, Func<T, string?> computedAt, CancellationToken cancellationToken)
        where T : class
    {
        for (var attempt = 1; ; attempt++)
        {
            var answer = await registry.GetAsync(path, type);
            if (computedAt(answer) is not null)
            {
                return answer;
            }

            if (attempt == Attempts)
            {
                return null;
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    private static bool IsRepository(string text) =>
        (ImageReference.TryParse(text, out var image) || ImageReference.TryParseWithHost(text, out image)) && image.Reference is null;
}
