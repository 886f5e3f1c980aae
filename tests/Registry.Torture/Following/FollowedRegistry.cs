using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Torture.Following;

/// <summary>A registry whose writers set tags, and which tells endpoints of it.</summary>
internal sealed class FollowedRegistry : IAsyncDisposable
{
    private const int WriterCount = 8;

    private readonly TemporaryFolder _folder;
    private readonly EventEndpoints _endpoints;

    private FollowedRegistry(TemporaryFolder folder, EventEndpoints endpoints, RegistryProcess process) => (_folder, _endpoints, Process) = (folder, endpoints, process);

    /// <summary>The registry.</summary>
    public RegistryProcess Process { get; }

    /// <summary>The writers, each of a repository of its own.</summary>
    public IReadOnlyList<TagWriter> Writers { get; } = [.. Enumerable.Range(0, WriterCount).Select(number => new TagWriter($"torture/events{number}"))];

    /// <summary>Number of tags that were set.</summary>
    public int Acknowledged => Writers.Sum(writer => writer.Acknowledged.Count);

    /// <summary>Starts the registry, and waits until each endpoint has begun.</summary>
    /// <param name="name">Name of the scenario.</param>
    /// <param name="ledgers">The endpoints, which work.</param>
    public static async Task<FollowedRegistry> StartAsync(string name, params IReadOnlyList<EventLedger> ledgers)
    {
        var folder = new TemporaryFolder(name);
        var endpoints = new EventEndpoints(ledgers);
        var configuration = folder.File("events.json");
        await endpoints.WriteAsync(configuration);
        var process = await RegistryProcess.StartAsync(folder.Folder("data"), new Dictionary<string, string?> { ["REGISTRY_EVENTS_CONFIG"] = configuration });
        var registry = new FollowedRegistry(folder, endpoints, process);
        using var http = registry.Connect();
        await endpoints.BeginAsync(http);
        return registry;
    }

    /// <summary>Sets tags until it is stopped, or the registry ends.</summary>
    /// <param name="pause">Time between two tags of a writer.</param>
    /// <param name="stop">Stops it.</param>
    public Task WriteAsync(TimeSpan pause, CancellationToken stop) => Task.WhenAll(Writers.Select(async writer =>
    {
        using var http = Connect();
        await writer.WriteAsync(http, pause, Process.Explains, stop);
    }));

    /// <summary>Waits until each endpoint has got what was acknowledged, and checks what it has got.</summary>
    /// <param name="kills">Number of kills of the registry.</param>
    /// <returns>Number of events that came more than once.</returns>
    /// <exception cref="ViolationException">A promise was not kept.</exception>
    public Task<int> CheckAsync(int kills) => _endpoints.CheckAsync(Writers, kills);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _folder.Dispose();
    }

    private HttpClient Connect() => new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = Process.BaseAddress };
}
