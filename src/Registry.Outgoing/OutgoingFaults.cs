using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Registry.Outgoing;

/// <summary>Words for what other hosts do. Addresses beyond the host, and what a host writes, are left out: they may have secrets.</summary>
public static class OutgoingFaults
{
    /// <summary>Predicate of a connection that worked at first.</summary>
    public const string BrokeOff = "broke the connection off";

    // A host that asks for a longer pause is asked again after this one.
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    // Docker Hub has sent points of time as seconds since 1970.
    private static readonly TimeSpan EarliestPointOfTime = TimeSpan.FromSeconds(1_000_000_000);

    /// <summary>Describes an exception of a connection as the predicate of a sentence about the host; null if it is of none.</summary>
    public static string? Describe(Exception exception) => exception switch
    {
        HttpRequestException { InnerException: AuthenticationException tls } => $"could not be reached: {Clause(tls.InnerException ?? tls)}",
        HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } } =>
            "could not be reached: its host name has no address",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError } =>
            $"could not be reached: {Clause(exception.InnerException ?? exception)}",
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded or HttpRequestError.InvalidResponse } => "sent no valid answer",
        HttpRequestException or IOException => BrokeOff,
        OperationCanceledException { InnerException: TimeoutException } => "could not be reached in time",
        OperationCanceledException or TimeoutException => "did not answer in time",
        _ => null,
    };

    /// <summary>Status as a text, such as <c>404 Not Found</c>, in the words of HTTP and not of the host.</summary>
    public static string Name(HttpStatusCode status)
    {
        using var words = new HttpResponseMessage(status);
        return $"{(int)status} {words.ReasonPhrase}".TrimEnd();
    }

    /// <summary>Time for which the host wants no requests, an hour at most; null if it does not say.</summary>
    /// <param name="header">The header <c>Retry-After</c>.</param>
    /// <param name="now">The wall clock.</param>
    public static TimeSpan? PauseOf(RetryConditionHeaderValue? header, DateTimeOffset now)
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

    // Messages become parts of sentences.
    private static string Clause(Exception exception) => exception.Message.ReplaceLineEndings(" ").Trim().TrimEnd('.');
}
