using System.Net;
using System.Runtime.Versioning;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Registry.Files;
using Registry.Server.Telemetry.Logs;

namespace Registry.Server.Transport;

/// <summary>
/// Leaves new connections in the system's queue while the process has hardly any descriptors left, on every transport. Existing connections
/// continue. <see cref="OpenFileLimit"/> describes what happens to a process that runs out.
/// </summary>
/// <param name="inner">The transport.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
[SupportedOSPlatform("linux")]
internal sealed partial class DescriptorGuard(IConnectionListenerFactory inner, TimeProvider time, ILogger<DescriptorGuard> logger)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly WarningInterval _waiting = new(time);

    public bool CanBind(EndPoint endpoint) => inner is not IConnectionListenerFactorySelector selector || selector.CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await inner.BindAsync(endpoint, cancellationToken), this);

    private async ValueTask WaitAsync(CancellationToken unbound)
    {
        if (!OpenFileLimit.IsReachedByConnections)
        {
            return;
        }

        if (_waiting.TryBegin())
        {
            LogWaiting(OpenFileLimit.Current);
        }

        while (OpenFileLimit.IsReachedByConnections && !unbound.IsCancellationRequested)
        {
            await Task.Delay(Pause, time, unbound).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "New connections wait until others end: nearly all of the {Limit} files and sockets that the registry may open are in use. If this repeats, raise the limit (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of a container). Repeated once a minute at most")]
    private partial void LogWaiting(long limit);

    private sealed class Listener(IConnectionListener listener, DescriptorGuard guard) : IConnectionListener
    {
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => listener.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            await guard.WaitAsync(_unbound.Token);
            return await listener.AcceptAsync(cancellationToken);
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.CancelAsync();
            await listener.UnbindAsync(cancellationToken);
        }

        public async ValueTask DisposeAsync()
        {
            await _unbound.CancelAsync();
            await listener.DisposeAsync();
        }
    }
}
