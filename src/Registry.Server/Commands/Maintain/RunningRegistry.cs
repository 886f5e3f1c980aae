using System.CommandLine;
using Registry.Server.Commands.Remote;
using Registry.Server.Configuration;

namespace Registry.Server.Commands.Maintain;

/// <summary>Runs of commands that only a running registry can do: the one on the data folder, or the one that <c>--server</c> names.</summary>
internal static class RunningRegistry
{
    /// <summary>Finds the registry, and asks it.</summary>
    /// <param name="context">The command's surroundings.</param>
    /// <param name="parsed">The arguments.</param>
    /// <param name="server">Value of <c>--server</c>; null without it.</param>
    /// <param name="run">The command.</param>
    /// <param name="runWithoutOne">What the command does if no registry runs on the data folder; null to fail.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> AskAsync(
        CommandContext context, ParseResult parsed, string? server, Func<RemoteRegistry, Task<int>> run, Func<RegistryOptions, int>? runWithoutOne = null) => server is not null
        ? RemoteCommand.RunToMaintainAsync(context, parsed, server, run)
        : context.WithOptionsAsync(parsed, async (options, _) =>
        {
            try
            {
                if (await LocalSocket.FindAsync(options) is { } address)
                {
                    using var registry = RemoteRegistry.OfSocket(address);
                    return await run(registry);
                }
            }
            catch (RemoteException e)
            {
                return context.Fail(e.Message);
            }

            return runWithoutOne is not null ? runWithoutOne(options) : context.Fail(options.Storage.Database is null
                ? $"no running registry is found by its socket in {Path.GetFullPath(options.StoragePath)}; check REGISTRY_STORAGE_PATH, or name an address with --server"
                : "REGISTRY_METADATA is postgres: each node does its own maintenance; name the address of a node with --server");
        });
}
