using System.CommandLine;
using Microsoft.Extensions.Logging;
using Registry.Core.Storage;
using Registry.Images;
using Registry.Images.Layouts;
using Registry.Server.Configuration;
using Registry.Server.Maintenance;

namespace Registry.Server.Commands.Transfer;

/// <summary><c>registry copy</c>: links an image into another repository of a stopped registry.</summary>
internal static class CopyCommand
{
    public static Command Create(CommandContext context)
    {
        var source = ImageArguments.Create("SOURCE", "The image: team/app:1.0 or team/app@sha256:….");
        var target = ImageArguments.Create("TARGET", "The new repository, optionally with a tag. Default: the tag of the source.");
        var alone = new Option<bool>("--no-referrers") { Description = "Do not copy referrers such as signatures and SBOMs." };
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "copy",
            "Link an image into another repository without copying bytes. The registry must not be running.",
            "registry copy team/app:1.0 production/app",
            "registry copy team/app:1.0 production/app:stable --json")
        {
            source,
            target,
            alone,
            json,
        };
        command.SetAction((parsed, _) =>
        {
            var request = new CopyRequest(
                ImageArguments.Parse(parsed.GetRequiredValue(source)),
                ImageArguments.Parse(parsed.GetRequiredValue(target)),
                !parsed.GetValue(alone),
                parsed.GetValue(json));
            return context.WithSignalsAsync(
                parsed, (options, loggers, cancelled) => RunAsync(context, options, request, TimeProvider.System, loggers, cancelled));
        });
        return command;
    }

    /// <summary>Copies the image and prints the report.</summary>
    public static async Task<int> RunAsync(
        CommandContext context, RegistryOptions options, CopyRequest request, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        try
        {
            var opened = await StoppedRegistry.OpenAsync("copy", options, time, loggers);
            return await context.WithStorageAsync(opened, async registry =>
            {
                var report = await context.WithProgressAsync<long, TransferReport>(
                    request.IsJson, linked => new WorkDone("Copying", linked, Unit: "blobs linked"), progress => ImageCopy.RunAsync(
                        registry.Storage.Metadata,
                        registry.Storage.Blobs,
                        registry.Writer,
                        request.Source,
                        request.Target,
                        request.WithReferrers,
                        progress,
                        cancellationToken));
                TransferLines.Write(report, "Copied to", request.IsJson, context.Output);
                return ExitCodes.Success;
            });
        }
        catch (LayoutException e)
        {
            return context.Fail(e.Message);
        }
        catch (StorageException e)
        {
            return context.Fail(
                $"{CommandContext.Describe(options.Storage, e)}. In a running registry, a client can copy without moving bytes: skopeo copy --all docker://HOST/A:TAG docker://HOST/B:TAG");
        }
        catch (OperationCanceledException)
        {
            return context.Fail("the copy was interrupted and the tag was not set; run it again");
        }
    }
}
