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
        repository.Validators.Add(result => RemoteArguments.Check(
            result, RemoteArguments.IsRepository, "does not name a repository; write it like team/app or registry.example.com/team/app"));
        var limit = RemoteArguments.CreateLimit("Number of repositories or tags that are shown, the largest first.");
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
        command.SetAction((parsed, cancellationToken) => RemoteCommand.RunAsync(
            context, parsed, parsed.GetValue(repository), parsed.GetValue(server), "pull", (registry, image) => image is null
                ? ShowRegistryAsync(context, registry, parsed.GetValue(limit), parsed.GetValue(json), cancellationToken)
                : ShowRepositoryAsync(context, registry, image.Repository, parsed.GetValue(limit), parsed.GetValue(json), cancellationToken)));
        return command;
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
}
