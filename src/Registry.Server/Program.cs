using System.Collections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Registry.Files;
using Registry.Server.Commands;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Server.Hosting;
using Registry.Server.Hosting.Lifetime;
using Registry.Server.Memory;
using Registry.Server.Telemetry;
using Registry.Server.Telemetry.Logs;

NativeHeap.Configure();
BundledSqlite.Use();
FilePrivacy.RestrictNewFiles();
#pragma warning disable RS0030 // The only place that reads the environment and opens the console.
var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
    .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? string.Empty, StringComparer.Ordinal);
var context = new CommandContext(environment, Console.Out, Console.Error, CreateLoggers, Terminal.OfProcess(environment));
#pragma warning restore RS0030
try
{
    return await CommandLine.RunAsync(args, context);
}
#pragma warning disable CA1031 // The operator gets one line in the format of the log instead of the runtime's output.
catch (Exception e)
#pragma warning restore CA1031
{
    return context.Crash(e);
}

static ILoggerFactory CreateLoggers(RegistryOptions options) => LoggerFactory.Create(logging => logging
    .SetMinimumLevel(options.LogLevel)
    .AddFilter("Microsoft", LogLevel.Warning)
    .AddFilter(typeof(LifetimeNotices).FullName, LogLevel.Information)
    .AddFilter(typeof(RequestLog).FullName, options.AccessLog ? LogLevel.Information : options.LogLevel)
    .AddConsole(console =>
    {
        console.FormatterName = options.LogFormat == LogFormat.Json ? JsonFormatter.FormatterName : TerminalFormatter.FormatterName;
        console.LogToStandardErrorThreshold = LogLevel.Trace;
    })
    .Services.AddSingleton<ConsoleFormatter, TerminalFormatter>().AddSingleton<ConsoleFormatter, JsonFormatter>());
