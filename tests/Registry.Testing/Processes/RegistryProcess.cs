using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Registry.Server.Memory;
using Registry.Testing.Connections;

namespace Registry.Testing.Processes;

/// <summary>
/// The server as operators run it: a separate process, configured by its environment only, on a storage folder that outlives it.
/// It listens on a free port of the loopback interface. Disposing kills it.
/// </summary>
public sealed partial class RegistryProcess : IAsyncDisposable
{
    /// <summary>Variable with the path of a published program, to be tested instead of the one that was built with the tests.</summary>
    public const string ProgramVariable = "REGISTRY_PROGRAM";

    /// <summary>Variable that limits the heap of the server; see <see cref="HeapLimit"/>.</summary>
    public const string HeapLimitVariable = "DOTNET_GCHeapHardLimit";

    // The kernel closes the sockets of a process before it notifies its parent of the end.
    private static readonly TimeSpan ExitPatience = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, string?> _environment;
    private readonly Action<string>? _onLine;
    private string? _published;
    private BackgroundProcess _process;
    private volatile bool _isEnding;

    private RegistryProcess(Dictionary<string, string?> environment, Action<string>? onLine, string? published, BackgroundProcess process)
    {
        _environment = environment;
        _onLine = onLine;
        _published = published;
        _process = process;
    }

    private static string Dotnet => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    private static string[] Program => ProgramOf(null);

    public Uri BaseAddress { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>Prefix of image references: <c>127.0.0.1:port</c>.</summary>
    public string HostPort => BaseAddress.Authority;

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Output of the current process, for failure messages.</summary>
    public string Output => _process.Output;

    /// <summary>Largest resident size of the current process, in bytes (VmHWM), since its start or <see cref="ForgetPeak"/>.</summary>
    public long PeakResidentBytes => Memory("VmHWM:");

    /// <summary>Resident size of the current process, in bytes (VmRSS).</summary>
    public long ResidentBytes => Memory("VmRSS:");

    /// <summary>Number of open descriptors of the current process.</summary>
    public int OpenDescriptors => Directory.GetFileSystemEntries($"/proc/{ProcessId}/fd").Length;

    /// <summary>
    /// Starts the server with REGISTRY_STORAGE_PATH and other REGISTRY_ variables, and waits until it listens. It does not inherit variables with
    /// that prefix from the test run.
    /// </summary>
    /// <param name="storagePath">The data folder.</param>
    /// <param name="environment">Further variables.</param>
    /// <param name="under">A program that becomes the server with the same process id, with its arguments: <c>strace -D …</c>. Not used by a restart.</param>
    /// <param name="onLine">Receives every line of output, one at a time.</param>
    /// <param name="published">Path of a published program; null for the usual one (<see cref="ProgramVariable"/>).</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="InvalidOperationException">The process ended before it listened; the message holds its output.</exception>
    /// <exception cref="TimeoutException">The process did not listen in time; the message holds its output.</exception>
    public static async Task<RegistryProcess> StartAsync(
        string storagePath,
        IReadOnlyDictionary<string, string?>? environment = null,
        IReadOnlyList<string>? under = null,
        Action<string>? onLine = null,
        string? published = null,
        CancellationToken cancellationToken = default)
    {
        TestRegistry.SkipOnNodes("starts a process on a data folder");
        Dictionary<string, string?> all = EnvironmentFor(storagePath, environment);
        var registry = new RegistryProcess(all, onLine, published, Launch(all, [.. under ?? [], .. ProgramOf(published)], onLine));
        try
        {
            await registry.WaitUntilListeningAsync(cancellationToken);
        }
        catch
        {
            await registry.DisposeAsync();
            throw;
        }
        return registry;
    }

    /// <summary>Value of <see cref="HeapLimitVariable"/> for a limit in bytes. With the prefix 0x, a program that is compiled ahead of time ignores it.</summary>
    public static string HeapLimit(long bytes) => bytes.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>Value of <see cref="HeapLimitVariable"/> for the limit that the heap has in a control group with a limit in bytes.</summary>
    public static string HeapLimitWithin(long bytes) => HeapLimit(bytes * ProcessMemoryLimits.HeapPercent / 100);

    /// <summary>Starts a command of the server, for a caller that ends it early.</summary>
    public static BackgroundProcess Launch(string storagePath, params string[] command) => Launch(EnvironmentFor(storagePath, null), [.. Program, .. command], null);

    /// <summary>Starts a command of the server with variables, for a caller that ends it early, or that runs another program.</summary>
    /// <param name="command">The command and its arguments, separated by spaces.</param>
    /// <param name="storagePath">The data folder.</param>
    /// <param name="environment">Further variables.</param>
    /// <param name="published">Path of a published program; null for the usual one (<see cref="ProgramVariable"/>).</param>
    public static BackgroundProcess Launch(string command, string storagePath, IReadOnlyDictionary<string, string?>? environment, string? published = null) =>
        Launch(EnvironmentFor(storagePath, environment), [.. ProgramOf(published), .. command.Split(' ')], null);

    /// <summary>Runs a command of the server, such as <c>verify --dry-run</c>, to its end.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string command, string storagePath, IReadOnlyDictionary<string, string?>? environment = null, CancellationToken cancellationToken = default)
    {
        await using BackgroundProcess process = Launch(command, storagePath, environment);
        int exitCode = await process.WaitForExitAsync(3 * Patience.Limit, cancellationToken);
        return (exitCode, process.Output);
    }

    /// <summary>Runs a line of bash in which <c>registry</c> is the server's command; a pipe fails if any part of it does.</summary>
    public static async Task<(int ExitCode, string Output)> RunShellAsync(
        string line, string storagePath, CancellationToken cancellationToken = default)
    {
        const string Registry = """set -o pipefail; program=("$@"); registry() { "${program[@]}" "$@"; }; """;
        Dictionary<string, string?> environment = EnvironmentFor(storagePath, null);
        await using BackgroundProcess process = BackgroundProcess.Start("bash", ["-c", Registry + line, "bash", .. Program], environment);
        int exitCode = await process.WaitForExitAsync(3 * Patience.Limit, cancellationToken);
        return (exitCode, process.Output);
    }

    /// <summary>Measures <see cref="PeakResidentBytes"/> from now on (proc(5), clear_refs).</summary>
    public void ForgetPeak() => File.WriteAllText($"/proc/{ProcessId}/clear_refs", "5");

    /// <summary>Limits the current process to descriptors below a number; those it has above stay open.</summary>
    /// <exception cref="Win32Exception">The system refused.</exception>
    public void LimitDescriptors(int limit)
    {
        const int DescriptorLimit = 7;
        ulong[] softAndHard = [(ulong)limit, (ulong)limit];
        if (SetLimit(ProcessId, DescriptorLimit, softAndHard, 0) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Sends the current process a signal.</summary>
    /// <exception cref="Win32Exception">The system refused.</exception>
    public void Signal(int number)
    {
        if (Send(ProcessId, number) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Waits for a text in the output of the current process, including earlier output.</summary>
    /// <exception cref="InvalidOperationException">The process ended without printing it; the message holds its output.</exception>
    /// <exception cref="TimeoutException">It did not print it in time; the message holds its output.</exception>
    public Task WaitForOutputAsync(string text) => _process.WaitForLineAsync(new Regex(Regex.Escape(text)), Patience.Limit);

    /// <summary>
    /// True when a request failed because the current process was killed, is stopping, or has ended by itself. A connection that breaks
    /// while the server runs on is a fault, and so is a wrong answer at any time.
    /// </summary>
    public bool Explains(Exception failure) => failure.IsLostConnection() && (_isEnding || _process.HasExitedWithin(ExitPatience));

    /// <summary>Sends SIGKILL: nothing is flushed and no handler runs.</summary>
    public void Kill()
    {
        _isEnding = true;
        _process.Kill();
    }

    /// <summary>Sends SIGTERM, and waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> StopAsync(CancellationToken cancellationToken = default)
    {
        _isEnding = true;
        return _process.TerminateAsync(Patience.Limit, cancellationToken);
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> WaitForExitAsync(CancellationToken cancellationToken = default) => _process.WaitForExitAsync(Patience.Limit, cancellationToken);

    /// <summary>
    /// Starts the server again with the same storage and settings, on a new port, after <see cref="Kill"/> or <see cref="StopAsync"/>.
    /// </summary>
    public async Task StartAgainAsync(CancellationToken cancellationToken = default)
    {
        await _process.DisposeAsync();
        _isEnding = false;
        _process = Launch(_environment, ProgramOf(_published), _onLine);
        await WaitUntilListeningAsync(cancellationToken);
    }

    /// <summary>Replaces the program: the next start is that of another one.</summary>
    /// <param name="published">Path of a published program.</param>
    public void Replace(string published) => _published = published;

    public ValueTask DisposeAsync()
    {
        _isEnding = true;
        return _process.DisposeAsync();
    }

    private static Dictionary<string, string?> EnvironmentFor(string storagePath, IReadOnlyDictionary<string, string?>? environment)
    {
        var all = new Dictionary<string, string?>();
        foreach (string name in Environment.GetEnvironmentVariables().Keys)
        {
            if (name.StartsWith("REGISTRY_", StringComparison.Ordinal))
            {
                all[name] = null;
            }
        }
        all["REGISTRY_HOST"] = "127.0.0.1";
        all["REGISTRY_PORT"] = "0";
        all["REGISTRY_STORAGE_PATH"] = storagePath;
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
        {
            all[name] = value;
        }
        return all;
    }

    private static BackgroundProcess Launch(Dictionary<string, string?> environment, string[] line, Action<string>? onLine) =>
        BackgroundProcess.Start(line[0], line[1..], environment, onLine);

    // Without a published program: the server and its runtimeconfig.json are copied next to the tests because this project references the server's.
    private static string[] ProgramOf(string? published) => published is not null ? [published]
        : Environment.GetEnvironmentVariable(ProgramVariable) is { Length: > 0 } chosen ? [chosen]
        : [Dotnet, Path.Combine(AppContext.BaseDirectory, "registry.dll")];

    private long Memory(string name)
    {
        string line = File.ReadLines($"/proc/{ProcessId}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan(name.Length).Trim().TrimEnd(" kB"), CultureInfo.InvariantCulture);
    }

    private async Task WaitUntilListeningAsync(CancellationToken cancellationToken)
    {
        Match line = await _process.WaitForLineAsync(ListeningLine, Patience.Limit, cancellationToken);
        BaseAddress = new Uri(line.Groups[1].Value);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Send(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static partial int SetLimit(int processId, int resource, ulong[] newLimit, nint oldLimit);

    [GeneratedRegex(@"listening on (https?://[^\s/""]+)")]
    private static partial Regex ListeningLine { get; }
}
