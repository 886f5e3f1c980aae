using Microsoft.Extensions.Logging;
using Registry.Core;
using Registry.Events;
using Registry.Events.Configuration;
using Registry.Files;
using Registry.Files.Watching;
using Registry.Server.Configuration;

namespace Registry.Server.Hosting;

/// <summary>Composition of the events.</summary>
internal sealed class EventComposition : IAsyncDisposable
{
    private const string Setting = "REGISTRY_EVENTS_CONFIG";

    private readonly WatchedFile<EventsConfiguration>? _configuration;

    private EventComposition(WatchedFile<EventsConfiguration>? configuration) => _configuration = configuration;

    /// <summary>Files that can be reloaded, with the names of their settings.</summary>
    public IEnumerable<(string Setting, IReloadable File)> Files => _configuration is null ? [] : [(Setting, _configuration)];

    /// <summary>Sends the events; null without a file of endpoints, and before it is composed.</summary>
    public EventDispatch? Dispatch { get; private set; }

    /// <summary>Reads the file of the events.</summary>
    /// <exception cref="StartupException">It cannot be used.</exception>
    public static EventComposition Open(RegistryOptions options, TimeProvider time, ILoggerFactory loggers) => new(WatchedSetting.Open(
        Setting,
        options.EventsConfig,
        content => EventsConfigurationReader.Read(content, OperatorFile.FolderOf(options.EventsConfig!)),
        time,
        loggers.CreateLogger<EventComposition>()));

    /// <summary>Composes the dispatch, on the core that has been composed meanwhile.</summary>
    /// <returns>The dispatch; null without a file of endpoints.</returns>
    public EventDispatch? Compose(RegistryCore core, StoragePorts ports, RegistryOptions options, TimeProvider time, ILoggerFactory loggers) => Dispatch =
        _configuration is not { } configuration
            ? null
            : EventDispatch.Create(
                ports.Changes, core.Changes, ports.Events, () => configuration.Value, options.ExternalUrl, ProductVersion.Text, () => core.IsReadOnly, time, loggers);

    public async ValueTask DisposeAsync()
    {
        await (Dispatch?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_configuration?.DisposeAsync() ?? ValueTask.CompletedTask);
    }
}
