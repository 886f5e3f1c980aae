using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Registry.Server.Tls;

/// <summary>Tells connections without a request that the server stops: nothing is lost when they end at once.</summary>
internal static class StopToken
{
    /// <summary>Token that is cancelled when the server begins to stop.</summary>
    public static CancellationToken Of(ConnectionContext connection) =>
        connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
}
