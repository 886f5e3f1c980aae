using System.CommandLine;
using Microsoft.Extensions.Logging;
using Registry.Core.Layouts;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Commands;

/// <summary><c>registry import</c>: brings the images of an OCI image layout in, while no registry runs.</summary>
internal static class ImportCommand
{
    public static Command Create(CommandContext context)
    {
        var source = new Argument<string>("SOURCE") { Description = "A folder, a tar archive, or - for an archive from standard input." };
        var target = ImageArguments.Create("REPOSITORY", "Where to, with a tag or without; left out, the names in the layout count.");
        target.Arity = ArgumentArity.ZeroOrOne;
        var json = CommandContext.JsonOption();
        var command = new DescribedCommand(
            "import",
            "Bring the images of an OCI image layout in. The registry must not be running.",
            "registry import images.tar",
            "registry import ./layout team/app:1.0 --json")
        {
            source,
            target,
            json,
        };
        command.SetAction((parsed, _) =>
        {
            var place = parsed.GetValue(target);
            var request = new ImportRequest(
                parsed.GetRequiredValue(source), place is null ? null : ImageArguments.Parse(place), parsed.GetValue(json));
            return context.WithSignalsAsync(
                parsed, (options, loggers, cancelled) => RunAsync(options, request, context.Output, TimeProvider.System, loggers, cancelled));
        });
        return command;
    }

    private const int BufferSize = 1024 * 1024;

    /// <summary>Imports, and prints the report.</summary>
    public static async Task<int> RunAsync(
        RegistryOptions options, ImportRequest request, TextWriter output, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(options.StoragePath);
        var source = request.Source == "-" ? "the archive from standard input" : request.Source;
        string? spooled = null;
        try
        {
            await using var registry = await StoppedRegistry.OpenAsync(options, time, loggers);
            if (request.Source == "-")
            {
                // The index of an archive is often its last file. What is killed here is removed at the next start.
                spooled = registry.Storage.Layout.TemporaryFile(Guid.NewGuid());
                await SpoolAsync(spooled, cancellationToken);
            }

            var report = await ImageImport.RunAsync(registry.Writer, spooled ?? request.Source, request.Target, options.ManifestMaxSize, cancellationToken);
            TransferLines.Write(report, "Imported", request.IsJson, output);
            return ExitCodes.Success;
        }
        catch (LayoutException e)
        {
            return Refusal.Write($"{source} {e.Message}");
        }
        catch (StorageException e)
        {
            return Refusal.Write(
                $"REGISTRY_STORAGE_PATH {path} {e.Message}. To push into a registry that runs: skopeo copy --all oci:FOLDER:TAG docker://HOST/REPOSITORY:TAG");
        }
        catch (IOException e)
        {
            return Refusal.Write($"{source} cannot be read: {e.Message}");
        }
        catch (OperationCanceledException)
        {
            return Refusal.Write("the import was interrupted; run it again. What has come already is collected when it is not");
        }
        finally
        {
            if (spooled is not null)
            {
                File.Delete(spooled);
            }
        }
    }

    private static async Task SpoolAsync(string file, CancellationToken cancellationToken)
    {
        await using var input = Console.OpenStandardInput();
        await using var output = new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        await input.CopyToAsync(output, BufferSize, cancellationToken);
    }
}
