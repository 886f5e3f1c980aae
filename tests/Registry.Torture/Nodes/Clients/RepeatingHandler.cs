using System.Diagnostics;
using System.Globalization;
using System.Net;
using Registry.Testing.Connections;

namespace Registry.Torture.Nodes.Clients;

/// <summary>Repeats a request until it is answered otherwise than by a fault. For requests that may be made twice.</summary>
/// <param name="inner">Sends and judges an attempt.</param>
internal sealed class RepeatingHandler(JudgingHandler inner) : DelegatingHandler(inner)
{
    /// <summary>Header of answers: the number of attempts, as if the client or the balancer made them.</summary>
    public const string AttemptsHeader = "X-Attempts";

    // A frozen node, then the lease of its upload, then the circuit of the bucket; on a busy machine.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(150);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            string failure;
            try
            {
                var response = await base.SendAsync(request, cancellationToken);
                if ((int)response.StatusCode < 500 && response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout))
                {
                    return Conclude(request, response, attempt);
                }

                failure = response.StatusCode.ToString();
                response.Dispose();
            }
            catch (Exception e) when (e is TimeoutException || e.IsLostConnection())
            {
                failure = e.Message;
            }

            if (Stopwatch.GetElapsedTime(start) > Limit)
            {
                throw new ViolationException($"{request.Method} {request.RequestUri} did not succeed within {Limit.TotalSeconds} s and {attempt} attempts; the last: {failure}");
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    // An attempt without an answer may have been made: then the next one finds nothing to delete.
    private static HttpResponseMessage Conclude(HttpRequestMessage request, HttpResponseMessage response, int attempts)
    {
        // The balancer repeats requests, too.
        attempts += response.Headers.TryGetValues(NodeCluster.UpstreamHeader, out var upstream) && upstream.Any(text => text.Contains(", ", StringComparison.Ordinal)) ? 1 : 0;
        response.Headers.Add(AttemptsHeader, attempts.ToString(CultureInfo.InvariantCulture));
        if (request.Method == HttpMethod.Delete && response.StatusCode == HttpStatusCode.NotFound && attempts > 1)
        {
            response.StatusCode = HttpStatusCode.Accepted;
        }

        return response;
    }
}
