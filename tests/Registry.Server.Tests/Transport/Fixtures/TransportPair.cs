using Microsoft.Extensions.Logging;
using Registry.Core.Access;
using Registry.Server.Configuration;
using Registry.Server.Configuration.Values;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Tls;

namespace Registry.Server.Tests.Transport.Fixtures;

/// <summary>
/// The same registries over either transport, in clear text and with TLS, with the same blobs in them. In the end their logs must be free of errors.
/// </summary>
public sealed class TransportPair : IAsyncLifetime
{
    private readonly AccessFolder _access = new();
    private readonly TlsFolder _tls = new();
    private readonly Dictionary<(TransportKind, bool IsGuarded, bool IsTls), TestRegistry> _registries = [];

    /// <summary>A registry, with or without passwords and TLS.</summary>
    public TestRegistry this[TransportKind transport, bool isGuarded = false, bool isTls = false] => _registries[(transport, isGuarded, isTls)];

    public async ValueTask InitializeAsync()
    {
        foreach (var transport in Enum.GetValues<TransportKind>())
        {
            foreach (var isTls in (bool[])[false, true])
            {
                RegistryOptions Configure(RegistryOptions options)
                {
                    var plain = options with { Transport = transport, MetricsPort = 0 };
                    return isTls ? _tls.Configure(plain) : plain;
                }

                _registries[(transport, true, isTls)] = await TestRegistry.StartAsync(
                    options => _access.Configure(Configure(options), AuthenticationKind.Basic), isOnDisk: true);
                var open = _registries[(transport, false, isTls)] = await TestRegistry.StartAsync(Configure, isOnDisk: true);
                foreach (var blob in Samples.Stored)
                {
                    await open.Client.PushBlobAsync("t", blob);
                }
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
        _tls.Dispose();
        Assert.Empty(errors);
    }
}
