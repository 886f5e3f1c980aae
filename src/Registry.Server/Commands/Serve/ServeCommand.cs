using System.CommandLine;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Registry.Core.Storage;
using Registry.Server.Configuration;
using Registry.Server.Hosting;
using Registry.Server.Hosting.Lifetime;
using Registry.Server.Memory;

namespace Registry.Server.Commands.Serve;

/// <summary><c>registry serve</c>: runs the registry until a signal ends it.</summary>
internal static class ServeCommand
{
    public static Command Create(CommandContext context)
    {
        var command = new DescribedCommand(
            "serve",
            "Run the registry until SIGTERM, SIGINT or SIGQUIT ends it. SIGHUP reloads users, keys, rules and certificates. This is the default command.",
            "registry serve",
            "registry serve --port 5000 --storage-path /var/lib/registry",
            "registry --config /etc/registry.json");
        command.SetAction((parsed, _) => RunAsync(context, parsed));
        return command;
    }

    /// <summary>Serves with the settings of the arguments (null for none).</summary>
    public static async Task<int> RunAsync(CommandContext context, ParseResult? parsed)
    {
        // Comes first: a signal ends a process without a handler.
        using var signals = new ServerSignals();
        return await context.WithLoadedAsync(parsed, (loaded, loggers) => RunAsync(context, signals, loaded, loggers));
    }

    private static async Task<int> RunAsync(CommandContext context, ServerSignals signals, LoadedOptions loaded, ILoggerFactory loggers)
    {
        var options = loaded.Options;
        var notices = new LifetimeNotices(context.Output, options, loggers.CreateLogger<LifetimeNotices>());
        var manager = new ServiceNotifier(context.Variable("NOTIFY_SOCKET"), TimeProvider.System, loggers.CreateLogger<ServiceNotifier>());
        RegistryHost host;
        try
        {
            host = await RegistryHost.StartAsync(options, TimeProvider.System, loggers, loaded.Settings);
        }
        catch (StorageException e)
        {
            return context.Fail(options.Storage, e);
        }
        catch (StartupException e)
        {
            return context.Fail(e.Message);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return context.Fail(
                $"cannot listen on {options.Host}:{options.Port}: {(e.InnerException ?? e).Message}. Set REGISTRY_HOST and REGISTRY_PORT to a free address.");
        }

        try
        {
            await using (host)
            {
                ProgramPages.Release();
                notices.Started(host);
                manager.Ready($"Listening on {string.Join(" and ", host.Addresses)}");
                signals.Attach(host, manager);
                await signals.Stopping;
                manager.Stopping();
                notices.Stopping();
            }
        }
        catch (StorageException e)
        {
            return context.Fail(options.Storage, e);
        }

        notices.Stopped();
        return ExitCodes.Success;
    }
}
