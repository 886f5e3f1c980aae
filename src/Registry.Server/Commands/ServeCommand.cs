using System.CommandLine;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Registry.Core.Storage;
using Registry.Server.Configuration;
using Registry.Server.Hosting;

namespace Registry.Server.Commands;

/// <summary><c>registry serve</c>: the registry, until a signal ends it.</summary>
internal static class ServeCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new DescribedCommand(
            "serve",
            "Run the registry until SIGTERM or SIGINT ends it. This is what happens without a command, too.",
            "registry serve",
            "registry serve --port 5000 --storage-path /var/lib/registry",
            "registry --config /etc/registry.json");
        command.SetAction((parsed, _) => RunAsync(context, parsed));
        return command;
    }

    /// <summary>Serves with the settings of the arguments; null for none.</summary>
    public static Task<int> RunAsync(CommandContext context, ParseResult? parsed) => context.WithOptionsAsync(parsed, RunAsync);

    private static async Task<int> RunAsync(RegistryOptions options, ILoggerFactory loggers)
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        try
        {
            await using var host = await RegistryHost.StartAsync(options, TimeProvider.System, loggers);
            using var signals = new ReadOnlySignals(host.ReadOnly);
            Banner.Write(Console.Out, host, options);
            await stop.Task;
            Console.Out.WriteLine("Stopping: finishing the requests in flight.");
        }
        catch (StorageException e)
        {
            return Fail($"REGISTRY_STORAGE_PATH {Path.GetFullPath(options.StoragePath)} {e.Message}");
        }
        catch (StartupException e)
        {
            return Fail(e.Message);
        }
        catch (IOException e)
        {
            return Fail($"cannot listen on {options.Host}:{options.Port}: {Reason(e)}. Set REGISTRY_HOST and REGISTRY_PORT to a free address.");
        }
        catch (SocketException e)
        {
            return Fail($"cannot listen on {options.Host}:{options.Port}: {e.Message}. Set REGISTRY_HOST and REGISTRY_PORT to a free address.");
        }

        Console.Out.WriteLine("Stopped.");
        return ExitCodes.Success;

        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.TrySetResult();
        }
    }

    private static string Reason(IOException e) => e.InnerException is { } inner ? inner.Message : e.Message;

    private static int Fail(string message)
    {
        Console.Error.WriteLine($"registry: {message}");
        return ExitCodes.Failure;
    }
}
