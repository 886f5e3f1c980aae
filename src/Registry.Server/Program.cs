using System.Collections;
using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Registry.Core.Oci;
using Registry.Server.Configuration;
using Registry.Server.Hosting;
using Registry.Server.Telemetry;

// Parse, load, validate, compose, run.
const string Usage = """
    Usage: registry [command]

      serve                                    run the registry (the default)
      reindex [--dry-run]                      rebuild the metadata from the storage tree, or say what that would lose, add or change;
                                               the registry must not be running
      gc [--dry-run | --force]                 collect garbage, or say what would go and why, or even when it is implausibly much;
                                               the registry must not be running
      gc --explain DIGEST                      why is this blob there; the registry must not be running
      verify [--dry-run]                       read everything that is stored and move what is damaged into quarantine, or only
                                               report it; the registry must not be running
      backup FOLDER                            back the storage up, also while the registry runs; again into the same folder for what is new
      restore FOLDER                           restore a backup into an empty storage
      export REFERENCE... TARGET               write images as an OCI image layout: a folder, a .tar, or - for standard output; also while
                                               the registry runs
      import SOURCE [REPOSITORY[:TAG]]         bring the images of an OCI image layout in; the registry must not be running
      copy SOURCE TARGET                       link an image into another repository; the registry must not be running
      user add NAME                            add a user, or change the password of one; from a prompt or standard input
      user remove NAME                         remove a user
      user list                                list the users
      access explain USER ACTION REPOSITORY    may USER ($anonymous for nobody) pull, push or delete there, and which rule says so
      --version                                print the version
      --help                                   print this

    Settings are environment variables; docs/configuration.md lists them. The two most used:
      REGISTRY_STORAGE_PATH  the data folder (./data)
      REGISTRY_PORT          the port to listen on (15000)
    The user commands edit the file that REGISTRY_AUTH_HTPASSWD names, access explain reads REGISTRY_ACCESS_CONTROL_CONFIG.
    """;

switch (args)
{
    case [] or ["serve"]:
        return await WithOptionsAsync(ServeCommand.RunAsync);
    case ["reindex"]:
        return await WithOptionsAsync(ReindexCommand.RunAsync);
    case ["reindex", "--dry-run"]:
        return await WithOptionsAsync((options, loggers) => ReindexCommand.PreviewAsync(options, Console.Out, loggers));
    case ["gc"]:
        return await CollectAsync(new GcRequest());
    case ["gc", "--dry-run"]:
        return await CollectAsync(new GcRequest(IsDryRun: true));
    case ["gc", "--force"]:
        return await CollectAsync(new GcRequest(IsForced: true));
    case ["gc", "--explain", var text] when Digest.TryParse(text, out var digest):
        return await CollectAsync(new GcRequest(Explained: digest));
    case ["gc", "--explain", var text]:
        Console.Error.WriteLine($"registry: '{text}' is not a digest; it looks like sha256:e3b0c442…, with all 64 digits");
        return ExitCodes.Usage;
    case ["verify"]:
        return await WithOptionsAsync((options, loggers) => VerifyCommand.RunAsync(options, loggers, isDryRun: false));
    case ["verify", "--dry-run"]:
        return await WithOptionsAsync((options, loggers) => VerifyCommand.RunAsync(options, loggers, isDryRun: true));
    case ["backup", var folder]:
        return await WithSignalsAsync((options, loggers, cancelled) =>
            BackupCommand.RunAsync(options, new BackupRequest(folder), Console.Out, TimeProvider.System, loggers, null, cancelled));
    case ["restore", var folder]:
        return await WithSignalsAsync((options, loggers, cancelled) =>
            RestoreCommand.RunAsync(options, new RestoreRequest(folder), Console.Out, TimeProvider.System, loggers, null, cancelled));
    case ["export", .. { Length: > 0 } references, var target]:
        return ParseImages(references) is not { } exported ? ExitCodes.Usage : await WithSignalsAsync((options, loggers, cancelled) =>
            ExportCommand.RunAsync(options, new ExportRequest(exported, target), Console.Out, TimeProvider.System, loggers, cancelled));
    case ["import", var source]:
        return await WithSignalsAsync((options, loggers, cancelled) =>
            ImportCommand.RunAsync(options, new ImportRequest(source), Console.Out, TimeProvider.System, loggers, cancelled));
    case ["import", var source, var repository]:
        return ParseImages([repository]) is not [var place] ? ExitCodes.Usage : await WithSignalsAsync((options, loggers, cancelled) =>
            ImportCommand.RunAsync(options, new ImportRequest(source, place), Console.Out, TimeProvider.System, loggers, cancelled));
    case ["copy", var from, var to]:
        return ParseImages([from, to]) is not [var original, var copy] ? ExitCodes.Usage : await WithSignalsAsync((options, loggers, cancelled) =>
            CopyCommand.RunAsync(options, new CopyRequest(original, copy), Console.Out, TimeProvider.System, loggers, cancelled));
    case ["user", "add", var name]:
        return UserCommands.Set(Environment.GetEnvironmentVariable(UserCommands.Variable), name);
    case ["user", "remove", var name]:
        return UserCommands.Remove(Environment.GetEnvironmentVariable(UserCommands.Variable), name);
    case ["user", "list"]:
        return UserCommands.List(Environment.GetEnvironmentVariable(UserCommands.Variable));
    case ["access", "explain", var user, var action, var repository]:
        return AccessCommands.Explain(Environment.GetEnvironmentVariable(AccessCommands.Variable), user, action, repository);
    case ["--version"]:
        Console.Out.WriteLine(Banner.Version);
        return ExitCodes.Success;
    case ["--help" or "-h"]:
        Console.Out.WriteLine(Usage);
        return ExitCodes.Success;
    default:
        Console.Error.WriteLine($"registry: there is no command '{string.Join(' ', args)}'.\n\n{Usage}");
        return ExitCodes.Usage;
}

static Task<int> CollectAsync(GcRequest request) =>
    WithOptionsAsync((options, loggers) => GcCommand.RunAsync(options, request, Console.Out, TimeProvider.System, loggers));

// Null when one of them is no reference.
static IReadOnlyList<ImageReference>? ParseImages(IReadOnlyList<string> texts)
{
    var images = new List<ImageReference>();
    foreach (var text in texts)
    {
        if (!ImageReference.TryParse(text, out var image))
        {
            Console.Error.WriteLine($"registry: '{text}' is not a repository with a tag or digest; it looks like team/app:1.0, team/app@sha256:… or team/app");
            return null;
        }

        images.Add(image);
    }

    return images;
}

// Ctrl+C and SIGTERM end a command in good order.
static async Task<int> WithSignalsAsync(Func<RegistryOptions, ILoggerFactory, CancellationToken, Task<int>> run)
{
    using var cancelled = new CancellationTokenSource();
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
    return await WithOptionsAsync((options, loggers) => run(options, loggers, cancelled.Token));

    void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        cancelled.Cancel();
    }
}

static async Task<int> WithOptionsAsync(Func<RegistryOptions, ILoggerFactory, Task<int>> run)
{
    var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? string.Empty, StringComparer.Ordinal);
    var loaded = OptionsReader.Read(environment);
    foreach (var warning in loaded.Warnings)
    {
        Console.Error.WriteLine($"registry: warning: {warning}");
    }

    foreach (var fault in loaded.Faults)
    {
        Console.Error.WriteLine($"registry: {fault}");
    }

    if (loaded.Faults.Count > 0)
    {
        return ExitCodes.Usage;
    }

    using var loggers = LoggerFactory.Create(logging => logging
        .SetMinimumLevel(loaded.Options.LogLevel)
        .AddFilter("Microsoft", LogLevel.Warning)
        .AddConsole(console =>
        {
            console.FormatterName = loaded.Options.LogFormat == LogFormat.Json ? JsonFormatter.FormatterName : TerminalFormatter.FormatterName;
            console.LogToStandardErrorThreshold = LogLevel.Trace;
        })
        .Services.AddSingleton<ConsoleFormatter, TerminalFormatter>().AddSingleton<ConsoleFormatter, JsonFormatter>());
    return await run(loaded.Options, loggers);
}
