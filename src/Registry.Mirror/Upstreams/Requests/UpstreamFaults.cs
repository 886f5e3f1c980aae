using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Registry.Mirror.Upstreams.Requests;

/// <summary>Words for what upstreams do. Addresses beyond the host, and what an upstream writes, are left out: they may have secrets.</summary>
internal static class UpstreamFaults
{
    // What asks for a longer pause is asked again after this one.
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    // Docker Hub has sent points of time as seconds since 1970.
    private static readonly TimeSpan EarliestPointOfTime = TimeSpan.FromSeconds(1_000_000_000);

    /// <summary>Finds the fault behind an exception of a connection; null if that does not explain it.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="host">The host, as the subject of the sentence.</param>
    /// <param name="caller">Token of the caller, whose cancellation is no fault.</param>
    public static UpstreamException? Of(Exception exception, string host, CancellationToken caller) => exception switch
    {
        _ when caller.IsCancellationRequested => null,
        UpstreamException known => known,
        HttpRequestException { InnerException: UpstreamException refused } => refused,
        HttpRequestException { InnerException: AuthenticationException tls } => Outage($"{host} could not be reached: {Clause(tls.InnerException ?? tls)}", exception),
        HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } } =>
            Outage($"{host} could not be reached: its host name has no address", exception),
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError } =>
            Outage($"{host} could not be reached: {Clause(exception.InnerException ?? exception)}", exception),
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded or HttpRequestError.InvalidResponse } =>
            new UpstreamException(UpstreamFaultKind.Away, $"{host} sent no valid answer", exception) { IsOutage = true },
        HttpRequestException or IOException => Outage($"{host} broke the connection off", exception, isPassing: true),
        OperationCanceledException { InnerException: TimeoutException } => Outage($"{host} could not be reached in time", exception),
        OperationCanceledException or TimeoutException => Outage($"{host} did not answer in time", exception),
        _ => null,
    };

    /// <summary>The fault of an answer that is not what was asked for.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="host">The host, as the subject of the sentence.</param>
    /// <param name="now">The wall clock.</param>
    /// <param name="isOfRegistry">False if the host is a store of blobs, whose 404 does not tell what the registry has.</param>
    public static UpstreamException Of(HttpResponseMessage answer, string host, DateTimeOffset now, bool isOfRegistry = true)
    {
        var pause = PauseOf(answer.Headers.RetryAfter, now);
        var status = (int)answer.StatusCode;
        var reason = $"{host} answered {Name(answer.StatusCode)}";
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return isOfRegistry && IsOfRegistry(answer)
                ? new UpstreamException(UpstreamFaultKind.Missing, reason)
                : new UpstreamException(UpstreamFaultKind.Away, $"{reason}, and not as a registry does");
        }

        return new UpstreamException(UpstreamFaultKind.Away, reason)
        {
            IsOutage = status is 429 or >= 500 and not 501,
            IsPassing = status is 502 or 503 or 504 && pause is null,
            Pause = status is 429 or 503 ? pause : null,
        };
    }

    // A proxy whose registry is being replaced answers 404, too, and must not make tags disappear. A registry answers with an error in JSON (OCI distribution-spec, "Error Codes"), or
    // with the header of Docker's API.
    private static bool IsOfRegistry(HttpResponseMessage answer) => answer.Headers.Contains("Docker-Distribution-Api-Version")
        || answer.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.OrdinalIgnoreCase) is true;

    /// <summary>Status as a text, such as <c>404 Not Found</c>, in the words of HTTP and not of the host.</summary>
    public static string Name(HttpStatusCode status)
    {
        using var words = new HttpResponseMessage(status);
        return $"{(int)status} {words.ReasonPhrase}".TrimEnd();
    }

    private static TimeSpan? PauseOf(RetryConditionHeaderValue? header, DateTimeOffset now)
    {
        var pause = header switch
        {
            { Delta: { } delta } when delta >= EarliestPointOfTime => DateTimeOffset.UnixEpoch + delta - now,
            { Delta: { } delta } => delta,
            { Date: { } date } => date - now,
            _ => TimeSpan.Zero,
        };
        return pause <= TimeSpan.Zero ? null : pause < LongestPause ? pause : LongestPause;
    }

    private static UpstreamException Outage(string reason, Exception cause, bool isPassing = false) =>
        new(UpstreamFaultKind.Away, reason, cause) { IsOutage = true, IsPassing = isPassing };

    // Messages become parts of sentences.
    private static string Clause(Exception exception) => exception.Message.ReplaceLineEndings(" ").Trim().TrimEnd('.');
}
