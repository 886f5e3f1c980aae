using System.CommandLine;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Server.Api;
using Registry.Server.Api.Mirroring;
using Registry.Server.Commands.Maintain;
using Registry.Server.Commands.Remote;
using Registry.Server.Maintenance;

namespace Registry.Server.Commands.Mirroring;

/// <summary><c>registry mirror …</c>: the upstreams of a running registry, and what an operator does with images of them.</summary>
internal static class MirrorCommands
{
    public static Command Create(CommandContext context) => new DescribedCommand(
        "mirror", "Show the upstreams that a running registry mirrors, fetch an image before it is needed, ask for a tag now, or remove an image at once.")
    {
        CreateStatus(context),
        CreateWarm(context),
        CreateCheck(context),
        CreateForget(context),
    };

    private static DescribedCommand CreateStatus(CommandContext context)
    {
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "status",
            "Show each upstream: whether it answers, what is here of it, and what the registry has answered and fetched since its start.",
            "registry mirror status",
            "registry mirror status --server https://registry.example.com --json")
        {
            server,
            json,
        };
        command.SetAction((parsed, _) => RunningRegistry.AskAsync(context, parsed, parsed.GetValue(server), async registry =>
        {
            var answer = await registry.GetAsync("/api/v1/mirror", MirrorJson.Default.MirrorAnswer);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, answer, json => json.MirrorAnswer);
            }
            else
            {
                MirrorTable.Write(context.Output, answer);
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static DescribedCommand CreateWarm(CommandContext context)
    {
        var image = CreateImage("The image, by its name here: hub/library/alpine:3.22 or hub/library/alpine@sha256:….", reference => reference is not null, "with a tag or digest");
        var platform = new Option<string?>("--platform")
        {
            HelpName = "PLATFORM",
            Description = "Fetch the images for this platform alone, such as linux/amd64. Without a variant, as in linux/arm, those for all variants.",
        };
        platform.Validators.Add(result => RemoteArguments.Check(result, ImagePlatform.IsValid, "is not a platform; write it like linux/amd64 or linux/arm64/v8"));
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "warm",
            "Fetch an image with all its platforms and layers, so that pulls of it do not need the upstream. What is here is not fetched again.",
            "registry mirror warm hub/library/alpine:3.22",
            "registry mirror warm hub/library/alpine:3.22 --platform linux/arm64",
            "registry mirror warm ghcr/my-org/app:1.0 --server https://registry.example.com")
        {
            image,
            platform,
            server,
            json,
        };
        command.SetAction((parsed, _) =>
        {
            var named = RemoteArguments.Parse(parsed.GetRequiredValue(image))!;
            return new MaintenanceRun(context, new WarmWork(named, parsed.GetValue(platform)), parsed.GetValue(json)).RunAsync(parsed, parsed.GetValue(server), (options, _, _) => Task.FromResult(
                context.Fail($"no running registry is found by its socket in {Path.GetFullPath(options.StoragePath)}, and only a running one fetches; check REGISTRY_STORAGE_PATH, or name an address with --server")));
        });
        return command;
    }

    private static DescribedCommand CreateCheck(CommandContext context)
    {
        var image = CreateImage("The tag, by its name here: hub/library/alpine:latest.", reference => reference is { Tag: not null }, "with a tag");
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "check",
            "Ask the upstream for a tag now, without waiting for the period of its checks, and fetch the manifest if the tag has moved. Exits with 1 if the upstream does not tell.",
            "registry mirror check hub/library/alpine:latest")
        {
            image,
            server,
            json,
        };
        command.SetAction((parsed, _) => RunningRegistry.AskAsync(context, parsed, parsed.GetValue(server), async registry =>
        {
            var answer = await registry.PostAsync(
                $"/api/v1/mirror/check?image={Uri.EscapeDataString(parsed.GetRequiredValue(image))}", new EmptyBody(), MirrorJson.Default.EmptyBody, null, MirrorJson.Default.MirrorCheckAnswer);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, answer, json => json.MirrorCheckAnswer);
            }
            else if (answer.Stale is null)
            {
                context.Output.WriteLine(MirrorTable.Describe(answer));
            }

            return answer.Stale is null ? ExitCodes.Success : context.Fail($"{answer.Image} was not checked: {RemoteMessage.Printable(answer.Stale)}");
        }));
        return command;
    }

    private static DescribedCommand CreateForget(CommandContext context)
    {
        var image = CreateImage("The image, by its name here, or a repository for all of it.", _ => true, "");
        var server = RemoteAddress.CreateOptionToMaintain();
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "forget",
            "Remove an image of an upstream at once, with all that only it holds, or all images of a repository. The next pull fetches it anew.",
            "registry mirror forget hub/library/alpine:3.22",
            "registry mirror forget hub/library/alpine --json")
        {
            image,
            server,
            json,
        };
        command.SetAction((parsed, _) => RunningRegistry.AskAsync(context, parsed, parsed.GetValue(server), async registry =>
        {
            var answer = await registry.PostAsync(
                $"/api/v1/mirror/forget?image={Uri.EscapeDataString(parsed.GetRequiredValue(image))}", new EmptyBody(), MirrorJson.Default.EmptyBody, null, MirrorJson.Default.MirrorForgetAnswer);
            if (parsed.GetValue(json))
            {
                ReportJson.Write(context.Output, answer, json => json.MirrorForgetAnswer);
            }
            else
            {
                context.Output.WriteLine($"{answer.Image}: {Count.Of(answer.Manifests, "manifest")} removed, and {Count.Of(answer.Blobs, "blob")} that nothing else of the repository needs; the next pull fetches it anew");
            }

            foreach (var left in answer.Left)
            {
                context.Warn($"still stored: {RemoteMessage.Printable(left)}");
            }

            return ExitCodes.Success;
        }));
        return command;
    }

    private static Argument<string> CreateImage(string description, Func<Reference?, bool> isEnough, string form)
    {
        var argument = new Argument<string>("IMAGE") { Description = description };
        argument.Validators.Add(result => RemoteArguments.Check(
            result,
            text => ImageReference.TryParse(text, out var image) && isEnough(image.Reference),
            $"does not name an image{(form.Length > 0 ? $" {form}" : "")}; write it like hub/library/alpine:3.22"));
        return argument;
    }
}
