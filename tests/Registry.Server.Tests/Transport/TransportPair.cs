using Microsoft.Extensions.Logging;
using Registry.Core.Access;
using Registry.Server.Configuration;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Transport;

/// <summary>The same registries over either transport, with the same blobs in them. In the end their logs must be free of errors.</summary>
public sealed class TransportPair : IAsyncLifetime
{
    private readonly AccessFolder _access = new();
    private readonly Dictionary<(TransportKind, bool), TestRegistry> _registries = [];

    /// <summary>A registry, with or without passwords.</summary>
    public TestRegistry this[TransportKind transport, bool isGuarded = false] => _registries[(transport, isGuarded)];

    public async ValueTask InitializeAsync()
    {
        foreach (var transport in Enum.GetValues<TransportKind>())
        {
            _registries[(transport, true)] = await TestRegistry.StartAsync(
                options => _access.Configure(options with { Transport = transport }, AuthenticationKind.Basic));
            var open = _registries[(transport, false)] = await TestRegistry.StartAsync(options => options with { Transport = transport });
            foreach (var blob in Samples.Stored)
            {
                await open.Client.PushBlobAsync("t", blob);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        var errors = _registries.Values.SelectMany(registry => registry.Log.Entries.Where(entry => entry.Level >= LogLevel.Error)).ToList();
        foreach (var registry in _registries.Values)
        {
            await registry.DisposeAsync();
        }

        _access.Dispose();
        Assert.Empty(errors);
    }
}
