using Microsoft.Extensions.Logging;
using Registry.Server.Configuration.Values;

namespace Registry.Server.Tests.Transport.Fixtures;

/// <summary>An empty registry over each transport, with a second port for HTTP/2. In the end their logs must be free of errors.</summary>
public sealed class EitherTransport : IAsyncLifetime
{
    private readonly Dictionary<TransportKind, TestRegistry> _registries = [];

    public TestRegistry this[TransportKind transport] => _registries[transport];

    public async ValueTask InitializeAsync()
    {
        foreach (var transport in Enum.GetValues<TransportKind>())
        {
            _registries[transport] = await TestRegistry.StartAsync(options => options with { Transport = transport, Http2Port = 0 }, isOnDisk: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        var errors = _registries.Values.SelectMany(registry => registry.Log.Entries.Where(entry => entry.Level >= LogLevel.Error)).ToList();
        foreach (var registry in _registries.Values)
        {
            await registry.DisposeAsync();
        }

        Assert.Empty(errors);
    }
}
