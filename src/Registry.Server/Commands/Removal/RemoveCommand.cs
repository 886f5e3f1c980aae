using System.CommandLine;
using Registry.Core.Oci;
using Registry.Server.Api.Inventory;
using Registry.Server.Api.Repositories;
using Registry.Server.Commands.Remote;

namespace Registry.Server.Commands.Removal;

/// <summary><c>registry rm</c>: deletes tags and manifests of a running registry.</summary>
internal static class RemoveCommand
{
    public static Command Create(CommandContext context)
    {
        var images = new Argument<string[]>("IMAGE")
        {
            Arity = ArgumentArity.OneOrMore,
            Description = "What is deleted: repository:tag for the tag alone, repository@digest for the manifest with all its tags; with a host in front as docker writes it, or without.",
        };
        images.Validators.Add(result => RemoteArguments.Check(
            result,
            text => RemoteArguments.Parse(text)?.Reference is not null,
            "names neither a tag nor a digest; write it like team/app:1.0 or team/app@sha256:e3b0c442…, with all 64 digits. 'registry repository delete' deletes a whole repository"));
        var dryRun = new Option<bool>("--dry-run") { Description = "Delete nothing; report what would be deleted." };
        var server = RemoteAddress.CreateOption();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "rm",
            "Delete tags and images of a running registry. A deleted image can be restored for as long as the registry keeps deleted manifests. Uses the login of 'docker login'.",
            "registry rm team/app:1.0 team/app:1.1",
            "registry rm registry.example.com/team/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --dry-run")
        {
            images,
            dryRun,
            server,
            json,
        };
        command.SetAction(async (parsed, _) =>
        {
            var (removed, exitCode, isDryRun) = (new List<RemovedImage>(), ExitCodes.Success, parsed.GetValue(dryRun));
            foreach (var group in parsed.GetRequiredValue(images).Distinct().GroupBy(RepositoryOf))
            {
                // One login for each repository.
                var code = await RemoteCommand.RunAsync(context, parsed, group.First(), parsed.GetValue(server), isDryRun ? "pull" : "pull,delete", async (registry, first) =>
                {
                    foreach (var text in group)
                    {
                        removed.Add(await RemoveAsync(registry, new ImageReference(first!.Repository, RemoteArguments.Parse(text)!.Reference), isDryRun));
                    }

                    return ExitCodes.Success;
                });
                exitCode = Math.Max(exitCode, code);
            }

            var report = new RemovalReport(isDryRun, removed);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, report, json => json.RemovalReport);
            }
            else
            {
                report.Write(context.Output, context.Error);
            }

            return Math.Max(exitCode, removed.Exists(image => image.Fault is not null) ? ExitCodes.Failure : ExitCodes.Success);
        });
        return command;
    }

    // The argument without its tag or digest.
    private static string RepositoryOf(string text) => text[..^(RemoteArguments.Parse(text)!.Reference.ToString()!.Length + 1)];

    // The others are still deleted when one cannot be.
    private static async Task<RemovedImage> RemoveAsync(RemoteRegistry registry, ImageReference image, bool isDryRun)
    {
        try
        {
            var (name, reference) = (image.Repository, image.Reference!.Value);
            var found = await registry.GetAsync($"/api/v1/manifests/show?repository={name}&reference={reference}", InventoryJson.Default.ManifestAnswer);
            var removed = new RemovedImage
            {
                Image = image.ToString(),
                Digest = found.Digest,
                Tags = reference.Tag is { } tag ? [tag.Value] : [.. found.Tags.Select(one => one.Tag)],
                IsManifest = reference.Tag is null,
                IsLastTag = found.Tags.Count == 1,
                RestorableSeconds = reference.Tag is null
                    ? (await registry.GetAsync($"/api/v1/repositories/show?repository={name}", RepositoryJson.Default.RepositoryAnswer)).TrashSeconds
                    : null,
            };
            if (!isDryRun)
            {
                await registry.DeleteAsync($"/v2/{name}/manifests/{reference}");
            }

            return removed;
        }
        catch (RemoteException e)
        {
            return new RemovedImage { Image = image.ToString(), Fault = e.Message };
        }
    }
}
