using System.Diagnostics;
using System.Net;
using Registry.Testing.Connections;

namespace Registry.Torture.Nodes.Clients;

/// <summary>
/// Sends each request to the balancer, or to a node directly, and judges what comes back: a fault may be answered with 503 and Retry-After by a node, with 502
/// and 504 by the balancer, and breaks connections of the node that has it. Anything else is a violation.
/// </summary>
/// <param name="cluster">The nodes.</param>
/// <param name="random">Chooses where requests go.</param>
/// <param name="counts">Receives what was met.</param>
internal sealed class JudgingHandler(NodeCluster cluster, Random random, FaultCounts counts)
    : DelegatingHandler(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
{
    // A client gives up an attempt before a node that is frozen for long wakes up, so that another node continues. Changes of manifests wait: they may be made as soon
    // as the node wakes up, and nothing else may be changed until then.
    private static readonly TimeSpan AttemptLimit = TimeSpan.FromSeconds(12);

    // One in so many requests goes to a node directly; while a node is frozen, one in so many goes through the balancer.
    private const int DirectOf = 4;
    private const int BalancedOf = 8;

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var begin = Stopwatch.GetTimestamp();
        var node = Choose();
        request.RequestUri = new Uri(node?.Address ?? cluster.Balancer, request.RequestUri!.PathAndQuery);
        request.Headers.Host = null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (!IsChangeOfManifest(request))
        {
            limit.CancelAfter(AttemptLimit);
        }

        try
        {
            var response = await base.SendAsync(request, limit.Token);
            await response.Content.LoadIntoBufferAsync(limit.Token);
            Judge(request, response, node, begin);
            return response;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            counts.AddTimeout();
            throw new TimeoutException($"{request.Method} {request.RequestUri} was not answered within {AttemptLimit.TotalSeconds} s");
        }
        catch (Exception e) when (e.IsLostConnection())
        {
            // A pull breaks off when the bytes cannot be read to the end. The balancer breaks off what a node does.
            if (!(node?.Faults.Explain(begin) ?? cluster.NodesExplain(begin)) && !(IsPull(request) && cluster.BucketFaults.Explain(begin)))
            {
                throw new ViolationException($"the connection of {request.Method} {request.RequestUri} broke, and no fault explains it: {e.Message} {e.InnerException?.Message}");
            }

            counts.AddLost();
            throw;
        }
    }

    private static bool IsChangeOfManifest(HttpRequestMessage request) =>
        request.Method != HttpMethod.Get && request.Method != HttpMethod.Head && request.RequestUri!.AbsolutePath.Contains("/manifests/", StringComparison.Ordinal);

    private static bool IsPull(HttpRequestMessage request) =>
        request.Method == HttpMethod.Get && (request.RequestUri!.AbsolutePath.Contains("/blobs/", StringComparison.Ordinal)
            || request.RequestUri.AbsolutePath.Contains("/manifests/", StringComparison.Ordinal));

    // Null for the balancer. It knows of a frozen node only what its clients do, so most requests avoid that one, as with a health check.
    private ClusterNode? Choose()
    {
        var isOneFrozen = cluster.Nodes.Any(node => node.IsFrozen);
        lock (random)
        {
            var isDirect = isOneFrozen ? random.Next(BalancedOf) > 0 : random.Next(DirectOf) == 0;
            var chosen = cluster.Nodes[random.Next(cluster.Nodes.Count)];
            return !isDirect ? null : chosen.IsFrozen ? cluster.Nodes.First(node => !node.IsFrozen) : chosen;
        }
    }

    private void Judge(HttpRequestMessage request, HttpResponseMessage response, ClusterNode? node, long begin)
    {
        var status = response.StatusCode;
        if ((int)status < 500 && status is not (HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout))
        {
            return;
        }

        var upstream = response.Headers.TryGetValues(NodeCluster.UpstreamHeader, out var values) ? string.Join(',', values) : string.Empty;
        var atFault = (node ?? cluster.Nodes.FirstOrDefault(one => upstream.StartsWith($"{one.Address.Authority} ", StringComparison.Ordinal)))?.Faults.Explain(begin) ?? false;
        var isExplained = status switch
        {
            HttpStatusCode.ServiceUnavailable => response.Headers.RetryAfter is not null
                && (atFault || cluster.DatabaseFaults.Explain(begin) || cluster.BucketFaults.Explain(begin)),
            HttpStatusCode.TooManyRequests => response.Headers.RetryAfter is not null,
            HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout => node is null && cluster.NodesExplain(begin),
            HttpStatusCode.RequestTimeout => cluster.NodesExplain(begin),
            _ => false,
        };
        counts.AddStatus((int)status);
        if (!isExplained)
        {
            throw new ViolationException(
                $"{request.Method} {request.RequestUri} was answered {(int)status} after {Stopwatch.GetElapsedTime(begin).TotalSeconds:f1} s, and no fault explains it: "
                + $"{response.Headers} {response.Content.ReadAsStringAsync().GetAwaiter().GetResult()}");
        }
    }
}
