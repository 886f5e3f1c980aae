using System.Text.Json.Nodes;
using Registry.Server.Configuration;

namespace Registry.Server.Tests.Events;

/// <summary>File of endpoints, and the setting that uses it.</summary>
internal sealed class EventFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new(isInMemory: true);

    public EventFolder(params JsonObject[] endpoints) => Write(endpoints);

    public string Path => System.IO.Path.Combine(_folder.Path, "events.json");

    /// <summary>An endpoint at a receiver, with its secret.</summary>
    public static JsonObject Endpoint(string name, EventReceiver receiver, params (string Name, JsonNode Value)[] others) => Endpoint(name, receiver.Url, others);

    public static JsonObject Endpoint(string name, Uri url, params (string Name, JsonNode Value)[] others)
    {
        var endpoint = new JsonObject { ["name"] = name, ["url"] = url.ToString(), ["secret"] = EventReceiver.Secret, ["addresses"] = new JsonArray("127.0.0.1") };
        foreach (var (property, value) in others)
        {
            endpoint[property] = value;
        }

        return endpoint;
    }

    public void Write(params JsonObject[] endpoints) => File.WriteAllText(Path, new JsonObject { ["endpoints"] = new JsonArray([.. endpoints]) }.ToJsonString());

    public RegistryOptions Configure(RegistryOptions options) => options with { EventsConfig = Path, ExternalUrl = "http://registry.example" };

    /// <summary>Starts a registry, and waits until it follows the changes.</summary>
    public async Task<TestRegistry> StartAsync(Func<RegistryOptions, RegistryOptions>? configure = null)
    {
        var registry = await TestRegistry.StartAsync(options => configure is null ? Configure(options) : configure(Configure(options)));
        await BegunAsync(registry);
        return registry;
    }

    /// <summary>Waits until all endpoints have begun: what is pushed from then on is sent.</summary>
    public static Task BegunAsync(TestRegistry registry) => Eventually.HoldsAsync(
        async () => (await registry.Host.Events!.ReadStatusAsync()).All(endpoint => endpoint.Lanes.Count > 0), "the endpoints have begun");

    public void Dispose() => _folder.Dispose();
}
