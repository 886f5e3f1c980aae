using System.Text.Json;
using Registry.Server.Configuration;

namespace Registry.Server.Tests.Mirroring;

/// <summary>A registry that is an upstream, a relay in front of it, and the file of a mirror of it under the prefix <c>up</c>.</summary>
internal sealed class MirroredUpstream : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new(isInMemory: true);

    private MirroredUpstream(TestRegistry registry, UpstreamRelay relay) => (Registry, Relay) = (registry, relay);

    public TestRegistry Registry { get; }

    public UpstreamRelay Relay { get; }

    public HttpClient Client => Registry.Client;

    private string Path => System.IO.Path.Combine(_folder.Path, "mirror.json");

    /// <summary>Starts the upstream.</summary>
    /// <param name="more">Further properties of the upstream in the file, such as <c>"check": "0s"</c>.</param>
    public static async Task<MirroredUpstream> StartAsync(string more = "")
    {
        var registry = await TestRegistry.StartAsync();
        var upstream = new MirroredUpstream(registry, await UpstreamRelay.StartAsync(registry.Client.BaseAddress!));
        upstream.Write(more);
        return upstream;
    }

    /// <summary>Writes the file.</summary>
    /// <inheritdoc cref="StartAsync"/>
    public void Write(string more) => File.WriteAllText(
        Path,
        $$"""{ "upstreams": [ { "name": "up.example", "url": {{JsonSerializer.Serialize(Relay.Address)}}, "prefix": "up", "namespaces": ["up.example"]{{(more.Length > 0 ? $", {more}" : "")}} } ] }""");

    public RegistryOptions Configure(RegistryOptions options) => options with { MirrorConfig = Path };

    public async ValueTask DisposeAsync()
    {
        await Relay.DisposeAsync();
        await Registry.DisposeAsync();
        _folder.Dispose();
    }
}
