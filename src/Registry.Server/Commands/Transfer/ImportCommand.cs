using System.CommandLine;
using Microsoft.Extensions.Logging;
using Registry.Files;
using Registry.Server.Commands.Maintain;
using Registry.Server.Configuration;
using Registry.Server.Maintenance;
using Registry.Storage.Files;
using Registry.Storage.Files.Space;

namespace Registry.Server.Commands.Transfer;

/// <summary><c>registry import</c>: imports the images of an OCI image layout.</summary>
internal static class ImportCommand
{
    private const int BufferSize = 1024 * 1024;
    private const string StandardInput = "-";

    public static Command Create(CommandContext context)
    {
        var source = new Argument<string>("SOURCE") { Description = "A folder, a tar archive, or - for a tar archive from standard input." };
        var target = ImageArguments.Create("REPOSITORY", "Repository to import into, optionally with a tag. Default: the names in the layout.");
        target.Arity = ArgumentArity.ZeroOrOne;
        var create = new Option<bool>("--create") { Description = "Create a registry when the data folder holds none." };
        var json = CommandContext.JsonOption();

        // Other commands of maintenance have it.
        var server = new Option<string?>("--server") { Hidden = true, Description = "Refused: an import reads files of the machine of the registry." };
        var command = new DescribedCommand(
            "import",
            "Import the images of an OCI image layout. Asks the registry that runs on the data folder, which reads the layout itself, or works in the folder of a stopped one.",
            "registry import images.tar",
            "registry import ./layout team/app:1.0 --json",
            "registry import - team/app:1.0",
            "registry import images.tar --create --storage-path /var/lib/registry")
        {
            source,
            target,
            create,
            json,
            server,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(server) is not null)
            {
                result.AddError($"an import reads files of the machine of the registry, so it has no --server: run it there. From elsewhere, {ImportWork.FromElsewhere}");
            }
        });
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

    /// <summary>Asks the registry that runs on the data folder of the settings, or imports the images there, and prints the report.</summary>
    public static async Task<int> RunAsync(
        CommandContext context, RegistryOptions options, ImportRequest request, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        // The index of an archive is often its last file. The next start removes what a killed command leaves here.
        var isStandardInput = request.Source == StandardInput;
        var id = Guid.NewGuid();
        var source = !isStandardInput ? Path.GetFullPath(request.Source)
            : options.Storage.Database is null ? new DataPaths(options.StoragePath).TemporaryFile(id)
            : Path.Combine(Path.GetTempPath(), $"registry-import-{id}.tmp");
        var work = new ImportWork(source, isStandardInput, request.Target, options.ManifestMaxSize);
        var run = new MaintenanceRun(context, work, request.IsJson);
        var isSpooled = false;
        try
        {
            return await run.RunAsync(
                options,
                async () => await context.WithStorageAsync(await StoppedRegistry.OpenAsync(ImportWork.Name, options, time, loggers, request.CreatesFolder), async registry =>
                {
                    await SpoolAsync();
                    return await run.RunAsync(registry.Target, cancellationToken);
                }),
                cancellationToken,
                SpoolAsync);
        }
        catch (IOException e)
        {
            return context.Fail($"{(isStandardInput ? "the archive from standard input" : source)} cannot be read: {IoFault.Reason(e, request.Source)}");
        }
        catch (OperationCanceledException)
        {
            return context.Fail(work.Interrupted);
        }
        finally
        {
            if (isSpooled)
            {
                File.Delete(source);
            }
        }

        async Task SpoolAsync()
        {
            if (isStandardInput)
            {
                isSpooled = true;
                await SpoolStandardInputAsync(context, source, options.StorageReserve, time, cancellationToken);
            }
        }
    }

    // Leaves the same room on the disk as pushes do: a registry may be using it.
    private static async Task SpoolStandardInputAsync(CommandContext context, string file, long? reserve, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var input = context.Terminal.OpenInput();
        FileOwner.CreateFile(file);
        await using var output = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0);
        var disk = new DiskReserve(Path.GetDirectoryName(file)!, reserve, time);
        var buffer = new byte[BufferSize];
        while (await input.ReadAsync(buffer, cancellationToken) is var count and > 0)
        {
            if (disk.Ask() is { } full)
            {
                throw new IOException($"{full}. An archive from standard input is written there first; a file is read where it is");
            }

            await output.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
    }
}
