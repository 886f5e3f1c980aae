using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Torture.Faults;

/// <summary>A server with a fault at one system call.</summary>
internal sealed class FaultedServer : IAsyncDisposable
{
    private readonly BackgroundProcess? _tracer;
    private readonly string _log;
    private readonly string _folder;

    private FaultedServer(RegistryProcess process, BackgroundProcess? tracer, string log, string folder)
    {
        Process = process;
        _tracer = tracer;
        _log = log;
        _folder = folder;
    }

    public RegistryProcess Process { get; }

    /// <summary>Starts the server.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="point">The system call.</param>
    /// <param name="effect">The fault: <c>signal=KILL</c> or <c>error=EIO</c>.</param>
    /// <param name="log">File for the traced calls.</param>
    /// <exception cref="InvalidOperationException">The process ended before it listened; the message holds its output.</exception>
    public static async Task<FaultedServer> StartAsync(string folder, FaultPoint point, string effect, string log)
    {
        var injection = $"{point.Call}:{effect}:when={point.Number}";
        if (point.Role == FaultPoint.Start)
        {
            var launched = await RegistryProcess.StartAsync(folder, Script.Settings, under: Strace.Launch(log, isAll: false, point.Call, injection));
            return new FaultedServer(launched, null, log, folder);
        }

        var process = await RegistryProcess.StartAsync(folder, Script.Settings);
        try
        {
            var threads = Strace.Threads(process.ProcessId)[point.Role].ToList();
            var tracer = threads.Count == 0 ? null : await Strace.AttachAsync(threads, log, point.Call, injection);
            return new FaultedServer(process, tracer, log, folder);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>The call at which the fault happened; null if it did not, or if the call was outside of the folder.</summary>
    public string? Struck => FindStruck(_log, _folder);

    /// <inheritdoc cref="Struck"/>
    public static string? FindStruck(string log, string folder) => File.Exists(log)
        ? Strace.Read(log).Where(call => call.Line.Contains("(INJECTED)", StringComparison.Ordinal) || call.Line.EndsWith("= ?", StringComparison.Ordinal))
            .Select(call => Strace.Place(call.Line, folder)).FirstOrDefault()
        : null;

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        if (_tracer is not null)
        {
            // It ends by itself, after it has recorded the end of the last thread.
            await _tracer.WaitForExitAsync(Patience.Limit);
            await _tracer.DisposeAsync();
        }
    }
}
