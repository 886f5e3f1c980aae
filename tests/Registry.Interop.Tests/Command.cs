using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests;

internal sealed record CommandResult(int ExitCode, string StandardOutput, string AllOutput)
{
    /// <summary>Standard output without the line break at its end.</summary>
    public string Text => StandardOutput.Trim();
}

internal sealed class CommandFailedException(string message) : Exception(message);

/// <summary>
/// Program of a client, with the arguments and environment that all its calls share. Each call has a deadline and leaves no processes
/// behind. Requests to other hosts than the loopback interface go to a proxy that does not exist, so they fail at once.
/// </summary>
internal sealed class Command(string program, string package, params string[] sharedArguments)
{
    public Dictionary<string, string?> Environment { get; } = new()
    {
        ["HTTP_PROXY"] = "http://127.0.0.1:9",
        ["HTTPS_PROXY"] = "http://127.0.0.1:9",
        ["http_proxy"] = "http://127.0.0.1:9",
        ["https_proxy"] = "http://127.0.0.1:9",
        ["NO_PROXY"] = "127.0.0.1,localhost",
        ["no_proxy"] = "127.0.0.1,localhost",
    };

    public TimeSpan Deadline { get; init; } = 3 * Patience.Limit;

    /// <summary>Runs to the end.</summary>
    /// <exception cref="CommandFailedException">The exit code is not 0.</exception>
    public async Task<CommandResult> RunAsync(params string[] arguments)
    {
        CommandResult result = await TryRunAsync(arguments);
        return result.ExitCode == 0
            ? result
            : throw new CommandFailedException(
                $"{program} {string.Join(' ', sharedArguments.Concat(arguments))}\nended with exit code {result.ExitCode}:\n{result.AllOutput}");
    }

    /// <summary>Runs to the end and accepts any exit code.</summary>
    public async Task<CommandResult> TryRunAsync(params string[] arguments)
    {
        await using BackgroundProcess process = Start(arguments);
        int exitCode = await process.WaitForExitAsync(Deadline, TestContext.Current.CancellationToken);
        return new CommandResult(exitCode, process.StandardOutput, process.Output);
    }

    /// <summary>Starts a program that keeps running, such as an engine.</summary>
    public BackgroundProcess Start(params string[] arguments)
    {
        Requires.Program(program, package);
        return BackgroundProcess.Start(program, sharedArguments.Concat(arguments), Environment);
    }
}
