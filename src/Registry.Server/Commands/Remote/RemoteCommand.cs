using System.CommandLine;
using Registry.Core.Oci;

namespace Registry.Server.Commands.Remote;

/// <summary>Runs of commands that ask a running registry.</summary>
internal static class RemoteCommand
{
    /// <summary>Finds the registry, and runs the command.</summary>
    /// <param name="context">The command's surroundings.</param>
    /// <param name="parsed">The arguments.</param>
    /// <param name="text">The image as it was given; null if the command asks for all repositories.</param>
    /// <param name="server">Value of <c>--server</c>; null without it.</param>
    /// <param name="run">The command, with the image without its host, which is null without a text.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        CommandContext context, ParseResult parsed, string? text, string? server, Func<RemoteAddress, ImageReference?, Task<int>> run)
    {
        ImageReference? image = null;
        var sources = context.Sources(parsed);
        var address = text is null ? RemoteAddress.Find(server, host: null, sources, out var fault) : RemoteAddress.Find(server, text, sources, out image, out fault);
        return address is null ? context.Refuse(fault) : await TryAsync(context, () => run(address, image));
    }

    /// <summary>Runs a command that asks about all repositories.</summary>
    /// <param name="context">The command's surroundings.</param>
    /// <param name="parsed">The arguments.</param>
    /// <param name="host">The host in the argument; null without one.</param>
    /// <param name="server">Value of <c>--server</c>; null without it.</param>
    /// <param name="run">The command.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> RunOnAllAsync(CommandContext context, ParseResult parsed, string? host, string? server, Func<RemoteRegistry, Task<int>> run) =>
        RunAsync(context, parsed, host, server, RemoteScope.Catalog, run);

    /// <summary>Runs a command that maintains the whole registry.</summary>
    /// <param name="context">The command's surroundings.</param>
    /// <param name="parsed">The arguments.</param>
    /// <param name="server">Value of <c>--server</c>.</param>
    /// <param name="run">The command.</param>
    /// <returns>The exit code.</returns>
    public static Task<int> RunToMaintainAsync(CommandContext context, ParseResult parsed, string server, Func<RemoteRegistry, Task<int>> run) =>
        RunAsync(context, parsed, host: null, server, RemoteScope.Maintenance, run);

    /// <summary>The same with a connection.</summary>
    /// <inheritdoc cref="RunAsync(CommandContext, ParseResult, string, string, Func{RemoteAddress, ImageReference, Task{int}})"/>
    /// <param name="context">The command's surroundings.</param>
    /// <param name="parsed">The arguments.</param>
    /// <param name="text">The image as it was given; null if the command asks for all repositories.</param>
    /// <param name="server">Value of <c>--server</c>; null without it.</param>
    /// <param name="actions">Permissions for the repository of the image, as in <c>pull,push</c>.</param>
    /// <param name="run">The command, with the image without its host, which is null without a text.</param>
    public static Task<int> RunAsync(
        CommandContext context, ParseResult parsed, string? text, string? server, string actions, Func<RemoteRegistry, ImageReference?, Task<int>> run) =>
        RunAsync(context, parsed, text, server, async (address, image) =>
        {
            using var registry = await RemoteRegistry.ConnectAsync(
                address, DockerCredentials.Of(context), image is null ? RemoteScope.Catalog : RemoteScope.Of(image.Repository, actions));
            return await run(registry, image);
        });

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult parsed, string? host, string? server, RemoteScope scope, Func<RemoteRegistry, Task<int>> run) =>
        RemoteAddress.Find(server, host, context.Sources(parsed), out var fault) is not { } address ? context.Refuse(fault) : await TryAsync(context, async () =>
        {
            using var registry = await RemoteRegistry.ConnectAsync(address, DockerCredentials.Of(context), scope);
            return await run(registry);
        });

    private static async Task<int> TryAsync(CommandContext context, Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (RemoteException e)
        {
            return context.Fail(e.Message);
        }
    }
}
