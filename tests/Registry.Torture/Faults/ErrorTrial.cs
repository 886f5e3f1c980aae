using System.Diagnostics;
using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Load;

namespace Registry.Torture.Faults;

/// <summary>
/// Runs the script on a server in which one system call fails: refused content does not exist, acknowledged content does, nothing leaks, and the
/// next push works, or, after a failed sync, is refused while pulls continue.
/// </summary>
internal sealed class ErrorTrial(Script script, FaultPoint point, string error, TemporaryFolder folders)
{
    // The threads of the storage and one more. Each counts its own calls and meets the error once.
    private const int MaxThreads = 17;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly string _folder = folders.Folder("data");
    private readonly string _log = folders.File("strace.log");

    /// <summary>The call that failed; null if it was not reached.</summary>
    public string? Struck => FaultedServer.FindStruck(_log, _folder);

    /// <summary>Number of refused requests.</summary>
    public int Refused { get; private set; }

    /// <summary>True when the server has stopped writing.</summary>
    public bool WritesStopped { get; private set; }

    /// <summary>Output of the server.</summary>
    public string Output { get; private set; } = string.Empty;

    /// <exception cref="ViolationException">One of these promises was not kept.</exception>
    public async Task RunAsync()
    {
        var ledger = await script.CopyAsync(_folder);
        try
        {
            await using var server = await FaultedServer.StartAsync(_folder, point, $"error={error}", _log);
            try
            {
                await UseAsync(server.Process, ledger);
            }
            finally
            {
                Output = server.Process.Output;
            }
        }
        catch (InvalidOperationException e) when (point.Role == FaultPoint.Start)
        {
            CheckRefusalToStart(e.Message);
        }

        await using var again = await RegistryProcess.StartAsync(_folder, Script.Settings);
        using var after = new LedgerClient(again.BaseAddress, ledger);
        await after.CheckAsync();
        await script.PushAgainAsync(after);
        await after.CheckAsync();

        // While it runs, small content may be on its way to its file.
        await again.StopAsync();
        if (Directory.EnumerateFiles(Path.Combine(_folder, "uploads"), "*.tmp").FirstOrDefault() is { } left)
        {
            throw new ViolationException($"{left} is left after a restart");
        }

        BlobFolder.Check(_folder);
    }

    private async Task UseAsync(RegistryProcess registry, Ledger ledger)
    {
        using var client = new LedgerClient(registry.BaseAddress, ledger, mayFail: true, mayFailReads: MaxThreads);
        await script.RunAsync(client, registry, _folder);
        await client.CheckAsync();

        // A push that follows the message must be refused.
        bool isPushed = false, hadStopped = false;
        for (var i = 0; i < MaxThreads && !isPushed && !hadStopped; i++)
        {
            hadStopped = HasStopped(registry.Output);
            isPushed = await script.PushAgainAsync(client);
        }

        await client.CheckAsync();

        // The collector may have met the error since.
        if (!hadStopped && HasStopped(registry.Output))
        {
            hadStopped = true;
            isPushed = await script.PushAgainAsync(client);
        }

        Refused = client.Refused;
        await CheckDescriptorsAsync(registry.ProcessId);
        await registry.StopAsync();
        CheckLog(registry.Output, isPushed, hadStopped);
    }

    private void CheckLog(string output, bool isPushed, bool hadStopped)
    {
        WritesStopped = HasStopped(output);

        // SQLite does not report why a sync has failed, so lack of space may count as any other error.
        if (WritesStopped && !point.IsSync)
        {
            throw new ViolationException("writes have stopped, though no sync has failed");
        }

        if (isPushed == hadStopped)
        {
            throw new ViolationException(hadStopped ? "a push was taken after a sync had failed" : "the next push was refused");
        }

        if (output.Contains("Unhandled exception", StringComparison.Ordinal) || output.Contains("internal error", StringComparison.Ordinal))
        {
            throw new ViolationException("the server has met a mistake of its own");
        }
    }

    private static bool HasStopped(string output) => output.Contains("writes have stopped", StringComparison.Ordinal);

    // An error before the server listens either ends it, with a line that gives the reason, or has no effect.
    private void CheckRefusalToStart(string message)
    {
        Output = message;
        if (Struck is not null && (message.Contains("Unhandled exception", StringComparison.Ordinal) || !message.Contains("registry: ", StringComparison.Ordinal)))
        {
            throw new ViolationException("the server did not say why it does not start");
        }
    }

    // Uploads and blobs that a request has opened are closed soon after its response.
    private async Task CheckDescriptorsAsync(int processId)
    {
        var clock = Stopwatch.StartNew();
        while (OpenFiles(processId) is { Count: > 0 } open)
        {
            if (clock.Elapsed > Patience.Limit)
            {
                throw new ViolationException($"still open: {string.Join(", ", open)}");
            }

            await Task.Delay(Pause);
        }
    }

    private List<string> OpenFiles(int processId) => [.. Directory.EnumerateFileSystemEntries($"/proc/{processId}/fd")
        .Select(descriptor => new FileInfo(descriptor).LinkTarget)
        .OfType<string>()
        .Where(target => target.StartsWith(Path.Combine(_folder, "uploads"), StringComparison.Ordinal)
            || target.StartsWith(Path.Combine(_folder, "blobs"), StringComparison.Ordinal)
            || target.StartsWith(Path.Combine(_folder, "repositories"), StringComparison.Ordinal))];
}
