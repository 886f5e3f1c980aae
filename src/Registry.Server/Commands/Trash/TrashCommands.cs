using System.CommandLine;
using Registry.Core.Oci;
using Registry.Server.Api;
using Registry.Server.Api.Trash;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Trash;

/// <summary><c>registry trash …</c>: deleted manifests of a running registry, their restore and their purge.</summary>
internal static class TrashCommands
{
    // The largest page of the trash.
    private const int MaxPage = 100;

    public static Command Create(CommandContext context) => new DescribedCommand(
        "trash", "List deleted images of a running registry, get them back, or remove them for good. Uses the login of 'docker login'.")
    {
        CreateList(context),
        CreateRestore(context),
        CreatePurge(context),
    };

    private static DescribedCommand CreateList(CommandContext context)
    {
        var repository = new Argument<string?>("REPO")
        {
            Description = "The repository: team/app, or host/team/app as docker writes it. Without it, all repositories.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        repository.Validators.Add(result => RemoteArguments.Check(
            result,
            RemoteArguments.IsRepository,
            "does not name a repository; write it like team/app or registry.example.com/team/app"));
        var server = RemoteAddress.CreateOption();
        var limit = RemoteArguments.CreateLimit("Number of images that are shown, the last deleted ones.");
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "ls",
            "List deleted images that can be restored: who deleted them, their tags, and for how long they are still kept. Admins see addresses, programs and request ids, too.",
            "registry trash ls team/app",
            "registry trash ls registry.example.com/team/app --limit 100",
            "registry trash ls --server http://localhost:15000 --json")
        {
            repository,
            limit,
            server,
            json,
        };
        command.SetAction((parsed, _) => RemoteCommand.RunAsync(context, parsed, parsed.GetValue(repository), parsed.GetValue(server), "pull", async (registry, image) =>
        {
            var trash = await ReadAsync(registry, image?.Repository, parsed.GetValue(limit));
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, trash, json => json.TrashAnswer);
                return ExitCodes.Success;
            }

            TrashTable.Write(context.Output, trash, image?.Repository.Value);
            if (trash.Next is not null)
            {
                context.Error.WriteLine($"registry: there are more; --limit shows more than {trash.Entries.Count}");
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static DescribedCommand CreateRestore(CommandContext context)
    {
        var manifest = CreateManifest();
        var server = RemoteAddress.CreateOption();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "restore",
            "Get a deleted image back, with all that it held, and those of its tags that do not exist now.",
            "registry trash restore team/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        {
            manifest,
            server,
            json,
        };
        command.SetAction((parsed, _) => RemoteCommand.RunAsync(context, parsed, parsed.GetRequiredValue(manifest), parsed.GetValue(server), "pull,push", async (registry, image) =>
        {
            var restored = await registry.PostAsync(
                $"/api/v1/trash/restore?{Query(image!)}", new EmptyBody(), TrashJson.Default.EmptyBody, null, TrashJson.Default.TrashRestoreAnswer);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, restored, json => json.TrashRestoreAnswer);
            }
            else
            {
                TrashTable.Write(context.Output, restored);
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static DescribedCommand CreatePurge(CommandContext context)
    {
        var manifest = CreateManifest();
        var server = RemoteAddress.CreateOption();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "purge",
            "Remove a deleted image for good, with all that only it held. For room that is needed at once, and for a secret that was pushed. It cannot be undone.",
            "registry trash purge team/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        {
            manifest,
            server,
            json,
        };
        command.SetAction((parsed, _) => RemoteCommand.RunAsync(context, parsed, parsed.GetRequiredValue(manifest), parsed.GetValue(server), "delete", async (registry, image) =>
        {
            var purged = await registry.PostAsync(
                $"/api/v1/trash/purge?{Query(image!)}", new EmptyBody(), TrashJson.Default.EmptyBody, null, TrashJson.Default.TrashPurgeAnswer);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, purged, json => json.TrashPurgeAnswer);
            }
            else
            {
                TrashTable.Write(context.Output, purged);
            }

            return purged.Erased
                ? ExitCodes.Success
                : context.Fail($"bytes of {purged.Repository}@{purged.Digest} are left where the registry could not remove them; remove them there");
        }));
        return command;
    }

    private static Argument<string> CreateManifest()
    {
        var argument = new Argument<string>("REPO@DIGEST") { Description = "The deleted image, as 'registry trash ls' shows it: repository@digest, or host/repository@digest." };
        argument.Validators.Add(result => RemoteArguments.Check(
            result,
            text => RemoteArguments.Parse(text)?.Reference is { Tag: null },
            "does not name a manifest by its digest; write it like team/app@sha256:e3b0c442…, with all 64 digits. 'registry trash ls' lists the digests"));
        return argument;
    }

    private static string Query(ImageReference image) => $"repository={image.Repository}&digest={image.Reference!.Value.Digest}";

    private static async Task<TrashAnswer> ReadAsync(RemoteRegistry registry, RepositoryName? repository, int limit)
    {
        var entries = new List<TrashEntryAnswer>();
        var path = repository is { } name ? $"/api/v1/trash?repository={name}&n={Math.Min(limit, MaxPage)}" : $"/api/v1/trash/all?n={Math.Min(limit, MaxPage)}";
        while (true)
        {
            // The last page may have more than are still asked for.
            var page = await registry.GetAsync(path, TrashJson.Default.TrashAnswer);
            entries.AddRange(page.Entries);
            if (entries.Count >= limit || page.Next is null)
            {
                return new TrashAnswer { Entries = [.. entries.Take(limit)], Next = page.Next ?? (entries.Count > limit ? path : null) };
            }

            path = page.Next;
        }
    }
}
