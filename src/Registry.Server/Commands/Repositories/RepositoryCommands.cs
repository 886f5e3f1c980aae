using System.CommandLine;
using Registry.Core.Configuration;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Api;
using Registry.Server.Api.Repositories;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Repositories;

/// <summary><c>registry repository …</c>: the rename, the deletion and the restore of a whole repository of a running registry.</summary>
internal static class RepositoryCommands
{
    // The registry answers when all is deleted: a minute or two for a hundred thousand manifests.
    private static readonly TimeSpan DeletionPatience = TimeSpan.FromHours(1);

    public static Command Create(CommandContext context) => new DescribedCommand(
        "repository", "Rename or delete a whole repository of a running registry, or get a deleted one back. Uses the login of 'docker login'.")
    {
        CreateRename(context),
        CreateDelete(context),
        RepositoryRestoreCommand.Create(context, CreateRepository()),
    };

    private static DescribedCommand CreateRename(CommandContext context)
    {
        var repository = CreateRepository();
        var newName = new Argument<string>("NEW-NAME") { Description = "The new name, without a host." };
        newName.Validators.Add(result => RemoteArguments.Check(result, text => RepositoryName.IsValid(text), "is not a repository name; write it like team/app"));
        var server = RemoteAddress.CreateOption();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "rename",
            "Give a repository another name, with its manifests, tags, history and trash. Nothing is copied. Pulls and pushes by the old name find nothing from then on.",
            "registry repository rename team/app team/application",
            "registry repository rename registry.example.com/team/app archive/app")
        {
            repository,
            newName,
            server,
            json,
        };
        command.SetAction((parsed, _) => RemoteCommand.RunAsync(context, parsed, parsed.GetRequiredValue(repository), parsed.GetValue(server), async (address, image) =>
        {
            var name = image!.Repository;
            var to = RepositoryName.Parse(parsed.GetRequiredValue(newName));
            using var registry = await RemoteRegistry.ConnectAsync(address, DockerCredentials.Of(context), RemoteScope.Of(name, "pull,push,delete").AndPushTo(to));
            var renamed = await registry.PostAsync(
                $"/api/v1/repositories/rename?repository={name}&to={to}", new EmptyBody(), RepositoryJson.Default.EmptyBody, ifMatch: null, RepositoryJson.Default.RepositoryRenameAnswer);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, renamed, json => json.RepositoryRenameAnswer);
            }
            else
            {
                context.Output.WriteLine($"{renamed.Previous} is {renamed.Repository} now; change the clients that pull or push it by the old name");
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static DescribedCommand CreateDelete(CommandContext context)
    {
        var repository = CreateRepository();
        var yes = new Option<bool>("--yes") { Description = "Delete it without asking." };
        var server = RemoteAddress.CreateOption();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "delete",
            "Delete all manifests and tags of a repository. They can be restored for as long as the registry keeps deleted manifests. An interrupted deletion continues when it is repeated.",
            "registry repository delete team/old",
            "registry repository delete registry.example.com/team/old --yes")
        {
            repository,
            yes,
            server,
            json,
        };
        command.SetAction((parsed, _) => RemoteCommand.RunAsync(context, parsed, parsed.GetRequiredValue(repository), parsed.GetValue(server), async (address, image) =>
        {
            var name = image!.Repository;
            using var registry = await RemoteRegistry.ConnectAsync(address, DockerCredentials.Of(context), RemoteScope.Of(name, "pull,delete"), DeletionPatience);
            if (!parsed.GetValue(yes))
            {
                var found = await registry.GetAsync($"/api/v1/repositories/show?repository={name}", RepositoryJson.Default.RepositoryAnswer);
                if (Confirm(context, address, found) is { } unconfirmed)
                {
                    return unconfirmed;
                }
            }

            var deletion = await registry.PostAsync(
                $"/api/v1/repositories/delete?repository={name}", new EmptyBody(), RepositoryJson.Default.EmptyBody, ifMatch: null, RepositoryJson.Default.RepositoryDeletionAnswer);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, deletion, json => json.RepositoryDeletionAnswer);
            }
            else
            {
                context.Output.WriteLine(
                    $"{name}: {Count.Of(deletion.Manifests, "manifest")} with {Count.Of(deletion.Tags, "tag")} deleted, {ByteSize.Describe(deletion.Bytes)} of manifests, and {Count.Of(deletion.Blobs, "blob")} that nothing needs; {DescribeTrash(deletion)}");
            }

            if (!deletion.IsGone)
            {
                context.Warn($"{name} still exists: manifests were pushed to it meanwhile");
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    // Null when the operator has confirmed.
    private static int? Confirm(CommandContext context, RemoteAddress address, RepositoryAnswer found)
    {
        var what = $"{found.Repository} at {address.Login} has {Count.Of(found.Manifests, "manifest")} with {Count.Of(found.Tags, "tag")}, {ByteSize.Describe(found.Bytes)} with all blobs";
        var fate = found.TrashSeconds == 0
            ? "A deletion is final: the registry keeps no deleted manifests."
            : $"They can be restored for {RunningTime.Describe(found.TrashSeconds)} of running time, until {RunningTime.Until(found.TrashSeconds)} if the registry runs all the time.";
        if (context.Terminal.ReadKey is null)
        {
            return context.Refuse($"{what}. {fate} Pass --yes to delete it without a terminal");
        }

        context.Error.WriteLine($"{what}. {fate}");
        context.Error.Write("Type the name of the repository to delete it: ");
        context.Error.Flush();
        return string.Equals(context.Terminal.OpenText().ReadLine()?.Trim(), found.Repository, StringComparison.Ordinal)
            ? null
            : context.Fail("the name was not typed; nothing was deleted");
    }

    private static string DescribeTrash(RepositoryDeletionAnswer deletion) =>
        deletion.Trashed == 0 ? "nothing of it can be restored"
        : deletion.Trashed == deletion.Manifests ? $"all can be restored until {RunningTime.Until(deletion.TrashSeconds)}"
        : $"{Count.Of(deletion.Trashed, "manifest")} can be restored until {RunningTime.Until(deletion.TrashSeconds)}";

    private static Argument<string> CreateRepository()
    {
        var argument = new Argument<string>("REPO") { Description = "The repository: a name, or host/name as docker writes it." };
        argument.Validators.Add(result => RemoteArguments.Check(
            result, RemoteArguments.IsRepository, "does not name a repository; write it like team/app or registry.example.com/team/app, without a tag"));
        return argument;
    }
}
