using System.CommandLine;
using Registry.Core.Errors;
using Registry.Server.Api;
using Registry.Server.Api.Repositories;
using Registry.Server.Commands.Remote;
using Registry.Server.Maintenance;

namespace Registry.Server.Commands.Repositories;

/// <summary><c>registry repository restore</c>: the manifests of a deleted repository, part by part, so that no answer takes long.</summary>
internal static class RepositoryRestoreCommand
{
    /// <summary>Creates the command.</summary>
    /// <param name="context">Its surroundings.</param>
    /// <param name="repository">The argument with the repository.</param>
    public static Command Create(CommandContext context, Argument<string> repository)
    {
        var server = RemoteAddress.CreateOption();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "restore",
            "Get a deleted repository back: all manifests that were deleted with it and are still in the trash, with those of their tags that do not exist now. An interrupted restore continues when it is repeated.",
            "registry repository restore team/old",
            "registry repository restore registry.example.com/team/old")
        {
            repository,
            server,
            json,
        };
        command.SetAction((parsed, _) => RemoteCommand.RunAsync(context, parsed, parsed.GetRequiredValue(repository), parsed.GetValue(server), "pull,push", async (registry, image) =>
        {
            var restored = await context.WithProgressAsync<long, RepositoryRestoreAnswer>(
                parsed.GetValue(json),
                manifests => new WorkDone("Restoring", manifests, Unit: "manifests"),
                progress => RestoreAsync(registry, image!.Repository.Value, progress));
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, restored, json => json.RepositoryRestoreAnswer);
            }
            else
            {
                Write(context.Output, restored);
            }

            if (restored.Refused.Count == 0)
            {
                return ExitCodes.Success;
            }

            foreach (var (digest, reason) in restored.Refused)
            {
                context.Fail($"{restored.Repository}@{digest} was not restored: {RemoteMessage.Printable(reason)}");
            }

            return context.Fail($"{Count.Of(restored.Refused.Count, "manifest")} stayed in the trash; remove the causes, and repeat the command for the rest");
        }));
        return command;
    }

    // Sums of all parts.
    private static async Task<RepositoryRestoreAnswer> RestoreAsync(RemoteRegistry registry, string repository, IProgress<long>? progress)
    {
        var sum = new RepositoryRestoreAnswer { Repository = repository, Manifests = 0, Tags = 0, Kept = [], Refused = [], Earlier = 0 };
        for (string? path = $"/api/v1/repositories/restore?repository={repository}"; path is not null;)
        {
            var part = await registry.PostAsync(path, new EmptyBody(), RepositoryJson.Default.EmptyBody, ifMatch: null, RepositoryJson.Default.RepositoryRestoreAnswer);
            sum = sum with
            {
                Manifests = sum.Manifests + part.Manifests,
                Tags = sum.Tags + part.Tags,
                Kept = [.. sum.Kept, .. part.Kept],
                MoreKept = sum.MoreKept + part.MoreKept,

                // An index may have been refused with a child that has its turn in a later part.
                Refused = [.. sum.Refused, .. part.Refused.ExceptBy(sum.Refused.Select(one => one.Digest), one => one.Digest)],
                Earlier = sum.Earlier + part.Earlier,
            };
            progress?.Report(sum.Manifests);
            path = part.Next;
        }

        return sum;
    }

    private static void Write(TextWriter output, RepositoryRestoreAnswer restored)
    {
        output.WriteLine(
            restored.Manifests > 0 ? $"{restored.Repository}: {Count.Of(restored.Manifests, "manifest")} restored with {Count.Of(restored.Tags, "tag")}"
            : restored.Refused.Count > 0 ? $"{restored.Repository}: nothing was restored"
            : $"{restored.Repository}: nothing to restore: no manifest in its trash was deleted with the whole repository; 'registry trash ls {restored.Repository}' lists what was deleted alone");
        foreach (var kept in restored.Kept)
        {
            output.WriteLine(kept.Digest == kept.Restored
                ? $"tag {kept.Tag} refers to its manifest already"
                : $"tag {kept.Tag} was left alone: it refers to {kept.Digest} now; 'registry tag rollback {restored.Repository}:{kept.Tag} --to {kept.Restored}' sets it back");
        }

        if (restored.MoreKept > 0)
        {
            output.WriteLine($"{Count.Of(restored.MoreKept, "further tag")} existed already, and stayed as they are");
        }

        if (restored.Earlier > 0)
        {
            output.WriteLine($"{Count.Of(restored.Earlier, "manifest")} of an earlier deletion of {restored.Repository} stayed in the trash; repeat the command to restore them, too");
        }
    }
}
