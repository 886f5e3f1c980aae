using System.Net;
using Registry.Outgoing;

namespace Registry.Mirror.Upstreams.Requests;

/// <summary>Words for what upstreams do. Addresses beyond the host, and what an upstream writes, are left out: they may have secrets.</summary>
internal static class UpstreamFaults
{
    /// <summary>Finds the fault behind an exception of a connection; null if that does not explain it.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="host">The host, as the subject of the sentence.</param>
    /// <param name="caller">Token of the caller, whose cancellation is no fault.</param>
    public static UpstreamException? Of(Exception exception, string host, CancellationToken caller) => exception switch
    {
        _ when caller.IsCancellationRequested => null,
        UpstreamException known => known,
        HttpRequestException { InnerException: UpstreamException refused } => refused,
        _ when OutgoingFaults.Describe(exception) is { } predicate =>
            new UpstreamException(UpstreamFaultKind.Away, $"{host} {predicate}", exception) { IsOutage = true, IsPassing = predicate == OutgoingFaults.BrokeOff },
        _ => null,
    };

    /// <summary>The fault of an answer that is not what was asked for.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="host">The host, as the subject of the sentence.</param>
    /// <param name="now">The wall clock.</param>
    /// <param name="isOfRegistry">False if the host is a store of blobs, whose 404 does not tell what the registry has.</param>
    public static UpstreamException Of(HttpResponseMessage answer, string host, DateTimeOffset now, bool isOfRegistry = true)
    {
        var pause = OutgoingFaults.PauseOf(answer.Headers.RetryAfter, now);
        var status = (int)answer.StatusCode;
        var reason = $"{host} answered {OutgoingFaults.Name(answer.StatusCode)}";
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
}
