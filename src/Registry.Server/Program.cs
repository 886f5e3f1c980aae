using System.Collections;
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
      reindex                                  rebuild the metadata from the storage tree; the registry must not be running
      gc [--dry-run | --force]                 collect garbage, or say what would go and why, or even when it is implausibly much;
                                               the registry must not be running
      gc --explain DIGEST                      why is this blob there; the registry must not be running
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

BundledSqlite.Use();
switch (args)
{
    case [] or ["serve"]:
        return await WithOptionsAsync(ServeCommand.RunAsync);
    case ["reindex"]:
        return await WithOptionsAsync(ReindexCommand.RunAsync);
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
            console.FormatterName = TerminalFormatter.FormatterName;
            console.LogToStandardErrorThreshold = LogLevel.Trace;
        })
        .Services.AddSingleton<ConsoleFormatter, TerminalFormatter>());
    return await run(loaded.Options, loggers);
}
