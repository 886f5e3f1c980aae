using System.CommandLine;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Registry.Core.Storage;
using Registry.Server.Configuration;

namespace Registry.Server.Commands;

/// <summary>What commands have in common: where they write, and how they come by their settings.</summary>
/// <param name="environment">All environment variables.</param>
/// <param name="output">For what was asked for.</param>
/// <param name="error">For everything else.</param>
/// <param name="createLoggers">Makes the log as the settings want it.</param>
/// <param name="terminal">The terminal or pipes; null for none.</param>
/// <param name="time">What progress goes by; null for that of the system.</param>
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

    /// <summary>The options of the settings.</summary>
    public SettingOptions Settings => _settings ??= new SettingOptions();

    /// <summary>An option that makes a command print JSON; each needs one of its own.</summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "Print JSON." };

    /// <summary>Everything that is set, not checked yet.</summary>
    /// <param name="parsed">The arguments; null for none.</param>
    public SettingSources Sources(ParseResult? parsed) => new(parsed is null ? new Dictionary<string, string>() : Settings.Read(parsed), environment);

    /// <summary>The data folder, whatever is wrong with the other settings.</summary>
    public string StoragePath(ParseResult parsed) => Sources(parsed).Find("REGISTRY_STORAGE_PATH")?.Text ?? new RegistryOptions().StoragePath;

    /// <summary>Says everything to the operator as JSON from now on, where REGISTRY_LOG_FORMAT wants it, whatever is wrong with the other settings.</summary>
    /// <param name="parsed">The arguments, which may be at fault; null for none.</param>
    public void UseLogFormat(ParseResult? parsed)
    {
        if (OptionsReader.ReadLogFormat(SourcesOf(parsed)) == LogFormat.Json)
        {
            Error = new JsonLines(Error);
        }
    }

    /// <summary>Says that the program has met a mistake of its own.</summary>
    /// <returns><see cref="ExitCodes.Failure"/>.</returns>
    public int Crash(Exception exception)
    {
        var text = Error is JsonLines ? exception.ToString().ReplaceLineEndings(" ") : exception.ToString();
        Error.WriteLine($"registry: internal error, please report it: {text}");
        return ExitCodes.Failure;
    }

    /// <summary>Runs long work and shows how far it is, on a terminal and unless JSON was asked for. The line is gone when this returns.</summary>
    public async Task<TReport> WithProgressAsync<T, TReport>(bool isJson, Func<T, WorkDone> describe, Func<IProgress<T>?, Task<TReport>> run)
    {
        using var line = isJson || Error is JsonLines || Terminal.ErrorColumns is not { } columns ? null : new ProgressLine<T>(Error, columns, time ?? TimeProvider.System, describe);
        return await run(line);
    }

    /// <summary>Says why a command does not do what it was asked to.</summary>
    /// <returns><see cref="ExitCodes.Failure"/>.</returns>
    public int Fail(string message)
    {
        Error.WriteLine($"registry: {message}");
        return ExitCodes.Failure;
    }

    /// <summary>Says that a command cannot have the data folder.</summary>
    /// <returns><see cref="ExitCodes.Failure"/>.</returns>
    public int Fail(string storagePath, StorageException fault) => Fail($"REGISTRY_STORAGE_PATH {storagePath} {fault.Message}");

    /// <summary>Runs a command that needs one setting only, whatever is wrong with the others.</summary>
    public int WithSetting(ParseResult parsed, string name, Func<string?, int> run)
    {
        var sources = Sources(parsed);
        return sources.FileFaults.Count > 0 ? Refuse(sources.FileFaults) : run(sources.Find(name)?.Text);
    }

    /// <summary>Runs a command when the settings are in order, and says what is wrong with them when not.</summary>
    public async Task<int> WithOptionsAsync(ParseResult? parsed, Func<RegistryOptions, ILoggerFactory, Task<int>> run)
    {
        if (Load(parsed) is not { } loaded)
        {
            return ExitCodes.Usage;
        }

        using var loggers = createLoggers(loaded.Options);
        return await run(loaded.Options, loggers);
    }

    /// <summary>The same for a command that Ctrl+C, SIGTERM, SIGHUP (a terminal that closes) and SIGQUIT end in good order.</summary>
    public async Task<int> WithSignalsAsync(ParseResult parsed, Func<RegistryOptions, ILoggerFactory, CancellationToken, Task<int>> run)
    {
        using var cancelled = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        using var quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, OnSignal);
        return await WithOptionsAsync(parsed, (options, loggers) => run(options, loggers, cancelled.Token));

        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            cancelled.Cancel();
        }
    }

    /// <summary>Reads the settings, and says what is wrong with them.</summary>
    /// <returns>Null when they cannot be used.</returns>
    public LoadedOptions? Load(ParseResult? parsed)
    {
        var loaded = OptionsReader.Read(Sources(parsed));
        foreach (var warning in loaded.Warnings)
        {
            Error.WriteLine($"registry: warning: {warning}");
        }

        return Refuse(loaded.Faults) == ExitCodes.Success ? loaded : null;
    }

    /// <summary>Says what is wrong with the question.</summary>
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
            // An option without its value: the fault that is about to be said.
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
