using System.CommandLine;
using Microsoft.Extensions.Logging;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Images;
using Registry.Images.Layouts;
using Registry.Server.Commands.Progress;
using Registry.Server.Configuration;

namespace Registry.Server.Commands.Transfer;

/// <summary><c>registry import</c>: imports the images of an OCI image layout into a stopped registry.</summary>
internal static class ImportCommand
{
    public static Command Create(CommandContext context)
    {
        var source = new Argument<string>("SOURCE") { Description = "A folder, a tar archive, or - for a tar archive from standard input." };
        var target = ImageArguments.Create("REPOSITORY", "Repository to import into, optionally with a tag. Default: the names in the layout.");
        target.Arity = ArgumentArity.ZeroOrOne;
        var create = new Option<bool>("--create") { Description = "Create a registry when the data folder holds none." };
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "import",
            "Import the images of an OCI image layout. The registry must not be running.",
            "registry import images.tar",
            "registry import ./layout team/app:1.0 --json",
            "registry import images.tar --create --storage-path /var/lib/registry")
        {
            source,
            target,
            create,
            json,
        };
        command.SetAction((parsed, _) =>
        {
            var place = parsed.GetValue(target);
            var request = new ImportRequest(
                parsed.GetRequiredValue(source), place is null ? null : ImageArguments.Parse(place), parsed.GetValue(create), parsed.GetValue(json));
            return context.WithSignalsAsync(
                parsed, (options, loggers, cancelled) => RunAsync(context, options, request, TimeProvider.System, loggers, cancelled));
        });
        return command;
    }

    private const int BufferSize = 1024 * 1024;

    /// <summary>Imports the images and prints the report.</summary>
    public static async Task<int> RunAsync(
        CommandContext context, RegistryOptions options, ImportRequest request, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var source = request.Source == "-" ? "the archive from standard input" : request.Source;
        string? spooled = null;
        try
        {
            var opened = await StoppedRegistry.OpenAsync("import", options, time, loggers, request.CreatesFolder);
            return await context.WithStorageAsync(opened, async registry =>
            {
                if (request.Source == "-")
                {
                    // The index of an archive is often its last file. The next start removes what a killed import leaves here.
                    var id = Guid.NewGuid();
                    spooled = registry.Storage.Folder?.Paths.TemporaryFile(id) ?? Path.Combine(Path.GetTempPath(), $"registry-import-{id}.tmp");
                    await SpoolAsync(context, spooled, cancellationToken);
                }

                var report = await context.WithProgressAsync(request.IsJson, TransferWork.Describe("Importing"), progress => ImageImport.RunAsync(
                    registry.Writer, spooled ?? request.Source, request.Target, options.ManifestMaxSize, progress, cancellationToken));
                TransferLines.Write(report, "Imported", request.IsJson, context.Output);
                return ExitCodes.Success;
            });
        }
        catch (LayoutException e)
        {
            return context.Fail($"{source} {e.Message}");
        }
        catch (StorageException e)
        {
            return context.Fail(
                $"{CommandContext.Describe(options.Storage, e)}. To push into a running registry: skopeo copy --all oci:FOLDER:TAG docker://HOST/REPOSITORY:TAG");
        }
        catch (IOException e)
        {
            return context.Fail($"{source} cannot be read: {IoFault.Reason(e, request.Source)}");
        }
        catch (OperationCanceledException)
        {
            return context.Fail("the import was interrupted; run it again. Otherwise the garbage collector removes the blobs imported so far");
        }
        finally
        {
            if (spooled is not null)
            {
                File.Delete(spooled);
            }
        }
    }

    private static async Task SpoolAsync(CommandContext context, string file, CancellationToken cancellationToken)
    {
        await using var input = context.Terminal.OpenInput();
        FileOwner.CreateFile(file);
        await using var output = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0);
        await input.CopyToAsync(output, BufferSize, cancellationToken);
    }
}
