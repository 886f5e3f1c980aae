using System.CommandLine;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Registry.Core.Storage;
using Registry.Files;
using Registry.Server.Commands.Progress;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Server.Maintenance;
using Registry.Storage;

namespace Registry.Server.Commands;

/// <summary>Environment that all commands share: output, settings, log, terminal and clock.</summary>
/// <param name="environment">All environment variables.</param>
/// <param name="output">Standard output, for results.</param>
/// <param name="error">Standard error, for messages and progress.</param>
/// <param name="createLoggers">Creates the log that the settings ask for.</param>
/// <param name="terminal">The terminal or pipes; null for none.</param>
/// <param name="time">Clock of the progress line; null for the system's.</param>
internal sealed class CommandContext(
    IReadOnlyDictionary<string, string> environment,
    TextWriter output,
    TextWriter error,
    Func<RegistryOptions, ILoggerFactory> createLoggers,
    Terminal? terminal = null,
    TimeProvider? time = null)
{
    private SettingOptions? _settings;

    public TextWriter Output { get; } = output;

    public TextWriter Error { get; private set; } = error;

    public Terminal Terminal { get; } = terminal ?? Terminal.None;

    /// <summary>Options of the settings, one for each.</summary>
    public SettingOptions Settings => _settings ??= new SettingOptions();

    /// <summary>Creates the option that makes a command print JSON. Each command needs its own instance.</summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "Print the result as JSON." };

    /// <summary>Value of an environment variable that is no setting; null without one.</summary>
    public string? Variable(string name) => environment.GetValueOrDefault(name);

    /// <summary>Collects all values that are set, without checking them.</summary>
    /// <param name="parsed">The arguments; null for none.</param>
    public SettingSources Sources(ParseResult? parsed) => new(parsed is null ? new Dictionary<string, string>() : Settings.Read(parsed), environment);

    /// <summary>Writes all further messages as JSON when REGISTRY_LOG_FORMAT is json. Faults of other settings do not matter.</summary>
    /// <param name="parsed">The arguments, which may contain faults; null for none.</param>
    public void UseLogFormat(ParseResult? parsed)
    {
        if (OptionsReader.ReadLogFormat(SourcesOf(parsed)) == LogFormat.Json)
        {
            Error = new JsonLines(Error);
        }
    }

    /// <summary>Reports an internal error of the program.</summary>
    /// <returns><see cref="ExitCodes.Failure"/>.</returns>
    public int Crash(Exception exception)
    {
        var text = Error is JsonLines ? exception.ToString().ReplaceLineEndings(" ") : exception.ToString();
        Error.WriteLine($"registry: internal error, please report it: {text}");
        return ExitCodes.Failure;
    }

    /// <summary>Runs long work and shows its progress on a terminal, unless the output is JSON. Removes the progress line before it returns.</summary>
    public async Task<TReport> WithProgressAsync<T, TReport>(bool isJson, Func<T, WorkDone> describe, Func<IProgress<T>?, Task<TReport>> run)
    {
        using var line = isJson || Error is JsonLines || Terminal.ErrorColumns is not { } columns ? null : new ProgressLine<T>(Error, columns, time ?? TimeProvider.System, describe);
        return await run(line);
    }

    /// <summary>Reports a condition that does not stop the command.</summary>
    public void Warn(string message) => Error.WriteLine($"registry: warning: {message}");

    /// <summary>Reports why a command failed.</summary>
    /// <returns><see cref="ExitCodes.Failure"/>.</returns>
    public int Fail(string message)
    {
        Error.WriteLine($"registry: {message}");
        return ExitCodes.Failure;
    }

    /// <summary>Reads a file of the operator, and prints what is in it, or why it cannot be used.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="write">Prints what is in it.</param>
    public int CheckFile<T>(string path, Func<string, T> read, Action<T> write)
    {
        T content;
        try
        {
            content = read(path);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            return Fail($"{path} cannot be used: {IoFault.Reason(e, path)}");
        }

        write(content);
        return ExitCodes.Success;
    }

    /// <summary>Reports that a command cannot use the storage.</summary>
    /// <returns><see cref="ExitCodes.Failure"/>.</returns>
    public int Fail(StorageChoice storage, StorageException fault) => Fail(Describe(storage, fault));

    /// <summary>Describes a fault of the storage: faults of a folder are clauses after its path.</summary>
    public static string Describe(StorageChoice storage, StorageException fault) =>
        storage.Database is null ? $"REGISTRY_STORAGE_PATH {storage.Folder} {fault.Message}" : fault.Message.TrimEnd('.');

    /// <summary>Reports that a command has no meaning with the engines of the storage.</summary>
    /// <param name="storage">The engines, at least a bucket.</param>
    /// <param name="ofBucket">The reason while the blobs are in a bucket, and what to do.</param>
    /// <param name="ofDatabase">The reason while the metadata is in a database, too, and what to do.</param>
    /// <returns><see cref="ExitCodes.Failure"/>.</returns>
    public Task<int> RefuseAsync(StorageChoice storage, string ofBucket, string ofDatabase) =>
        Task.FromResult(Fail(storage.Database is null ? $"REGISTRY_BLOBS is s3: {ofBucket}" : $"REGISTRY_METADATA is postgres: {ofDatabase}"));

    /// <summary>Runs the work of a command. A fault of the storage, or an interruption, makes the command fail.</summary>
    /// <param name="storage">The storage that a fault is about; null if its message names the folder.</param>
    /// <param name="interrupted">Message after an interruption: the state of things, and what to do.</param>
    /// <param name="run">The work.</param>
    public async Task<int> TryAsync(StorageChoice? storage, string interrupted, Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (StorageException e)
        {
            return storage is null ? Fail(e.Message) : Fail(storage, e);
        }
        catch (OperationCanceledException)
        {
            return Fail(interrupted);
        }
    }

    /// <summary>Runs a command that needs one setting only. Faults of other settings do not matter.</summary>
    public int WithSetting(ParseResult parsed, string name, Func<string?, int> run)
    {
        var sources = Sources(parsed);
        return sources.FileFaults.Count > 0 ? Refuse(sources.FileFaults) : run(sources.Find(name)?.Text);
    }

    /// <summary>Runs a command when all settings are valid; otherwise reports their faults.</summary>
    public Task<int> WithOptionsAsync(ParseResult? parsed, Func<RegistryOptions, ILoggerFactory, Task<int>> run) =>
        WithLoadedAsync(parsed, (loaded, loggers) => run(loaded.Options, loggers));

    /// <summary>The same, for a command that shows where the settings come from.</summary>
    /// <inheritdoc cref="WithOptionsAsync"/>
    public async Task<int> WithLoadedAsync(ParseResult? parsed, Func<LoadedOptions, ILoggerFactory, Task<int>> run)
    {
        if (Load(parsed) is not { } loaded)
        {
            return ExitCodes.Usage;
        }

        using var loggers = createLoggers(loaded.Options);
        try
        {
            return await run(loaded, loggers);
        }
        catch (StartupException e)
        {
            return Refuse(e.Message);
        }
        catch (StorageChoiceException e)
        {
            // A store that does not answer is no wrong setting, and a service manager starts the registry again.
            return e.IsTransient ? Fail(e.Message) : Refuse(e.Message);
        }
    }

    /// <summary>The same, for a command that signals cancel.</summary>
    /// <inheritdoc cref="WithSignalsAsync(Func{CancellationToken, Task{int}})"/>
    public Task<int> WithSignalsAsync(ParseResult parsed, Func<RegistryOptions, ILoggerFactory, CancellationToken, Task<int>> run) =>
        WithSignalsAsync(cancelled => WithOptionsAsync(parsed, (options, loggers) => run(options, loggers, cancelled)));

    /// <summary>Runs a command that Ctrl+C, SIGTERM, SIGHUP (a closed terminal) and SIGQUIT cancel.</summary>
    public static async Task<int> WithSignalsAsync(Func<CancellationToken, Task<int>> run)
    {
#pragma warning disable CA2000 // The handler of a signal that arrives at the end of the command may run after it. Without a timer, there is nothing to dispose of.
        var cancelled = new CancellationTokenSource();
#pragma warning restore CA2000
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        using var quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, OnSignal);
        return await run(cancelled.Token);

        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            cancelled.Cancel();
        }
    }

    /// <summary>Runs a command on the storage of a stopped registry, and closes it. Rows that the closing cannot write to their files make the command fail.</summary>
    public Task<int> WithStorageAsync(RegistryStorage storage, Func<RegistryStorage, Task<int>> run) => WithStorageAsync(storage, storage, run);

    /// <inheritdoc cref="WithStorageAsync(RegistryStorage, Func{RegistryStorage, Task{int}})"/>
    public Task<int> WithStorageAsync(StoppedRegistry registry, Func<StoppedRegistry, Task<int>> run) => WithStorageAsync(registry.Storage, registry, run);

    private async Task<int> WithStorageAsync<T>(RegistryStorage storage, T opened, Func<T, Task<int>> run)
        where T : IAsyncDisposable
    {
        int exitCode;
        await using (opened)
        {
            exitCode = await run(opened);
        }

        return Leftovers.Describe(storage) is { } left
            ? Fail($"REGISTRY_STORAGE_PATH {storage.Name} {left}. Keep registry.db; remove the cause, and run the command again or start the registry, which writes them")
            : exitCode;
    }

    /// <summary>Reads the settings and reports their faults.</summary>
    /// <returns>Null when there is a fault.</returns>
    public LoadedOptions? Load(ParseResult? parsed)
    {
        var loaded = OptionsReader.Read(Sources(parsed));
        foreach (var warning in loaded.Warnings)
        {
            Warn(warning);
        }

        return Refuse(loaded.Faults) == ExitCodes.Success ? loaded : null;
    }

    /// <summary>Reports wrong arguments.</summary>
    /// <returns><see cref="ExitCodes.Usage"/>.</returns>
    public int Refuse(string fault) => Refuse([fault]);

    private SettingSources SourcesOf(ParseResult? parsed)
    {
        try
        {
            return Sources(parsed);
        }
        catch (InvalidOperationException)
        {
            // An option without its value: the caller reports this fault.
            return Sources(null);
        }
    }

    private int Refuse(IReadOnlyList<string> faults)
    {
        foreach (var fault in faults)
        {
            Error.WriteLine($"registry: {fault}");
        }

        return faults.Count == 0 ? ExitCodes.Success : ExitCodes.Usage;
    }
}
