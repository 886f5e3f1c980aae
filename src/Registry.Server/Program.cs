using System.Collections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Registry.Server.Configuration;
using Registry.Server.Hosting;
using Registry.Server.Telemetry;

// Parse, load, validate, compose, run.
const string Usage = """
    Usage: registry [command]

      serve      run the registry (the default)
      reindex    rebuild the metadata from the storage tree; the registry must not be running
      --version  print the version
      --help     print this

    Settings are environment variables; docs/configuration.md lists them. The two most used:
      REGISTRY_STORAGE_PATH  the data folder (./data)
      REGISTRY_PORT          the port to listen on (15000)
    """;

var command = args.Length == 0 ? "serve" : args[0];
if (args.Length > 1 || command is not ("serve" or "reindex" or "--version" or "--help" or "-h"))
{
    Console.Error.WriteLine($"registry: there is no command '{string.Join(' ', args)}'.\n\n{Usage}");
    return ExitCodes.Usage;
}

if (command is "--help" or "-h")
{
    Console.Out.WriteLine(Usage);
    return ExitCodes.Success;
}

if (command == "--version")
{
    Console.Out.WriteLine(Banner.Version);
    return ExitCodes.Success;
}

var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
    .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? string.Empty, StringComparer.Ordinal);
var loaded = OptionsReader.Read(environment);
foreach (var warning in loaded.Warnings)
{
    Console.Error.WriteLine($"registry: warning: {warning}");
}

if (loaded.Faults.Count > 0)
{
    foreach (var fault in loaded.Faults)
    {
        Console.Error.WriteLine($"registry: {fault}");
    }

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
return command == "reindex"
    ? await ReindexCommand.RunAsync(loaded.Options, loggers)
    : await ServeCommand.RunAsync(loaded.Options, loggers);
