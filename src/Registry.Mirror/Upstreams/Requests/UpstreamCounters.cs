using System.Globalization;
using System.Net.Http.Headers;

namespace Registry.Mirror.Upstreams.Requests;

/// <summary>Counts what is asked of an upstream, and what comes back.</summary>
internal sealed class UpstreamCounters
{
    private readonly long[,] _requests = new long[Enum.GetValues<UpstreamRequestKind>().Length, Enum.GetValues<UpstreamOutcome>().Length];
    private long _sent;
    private long _tokens;
    private long _received;
    private long _limit = -1;
    private long _remaining = -1;

    /// <summary>Number of messages that were sent: attempts, redirects that were followed, and requests for tokens.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Number of requests for tokens.</summary>
    public long Tokens => Interlocked.Read(ref _tokens);

    /// <summary>Number of bytes of bodies that were read.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>Number of pulls that the upstream grants in a period; null if it does not say.</summary>
    public long? Limit => Interlocked.Read(ref _limit) is var limit and >= 0 ? limit : null;

    /// <summary>Number of pulls that are left in the period; null if the upstream does not say.</summary>
    public long? RemainingLimit => Interlocked.Read(ref _remaining) is var remaining and >= 0 ? remaining : null;

    /// <summary>Number of requests of a kind with an outcome.</summary>
    public long Requests(UpstreamRequestKind kind, UpstreamOutcome outcome) => Interlocked.Read(ref _requests[(int)kind, (int)outcome]);

    /// <summary>Counts the end of a request.</summary>
    public void Ended(UpstreamRequestKind kind, UpstreamOutcome outcome) => Interlocked.Increment(ref _requests[(int)kind, (int)outcome]);

    /// <summary>Counts a message.</summary>
    public void HasSent() => Interlocked.Increment(ref _sent);

    /// <summary>Counts a request for a token.</summary>
    public void HasAskedForToken() => Interlocked.Increment(ref _tokens);

    /// <summary>Counts bytes.</summary>
    public void HasReceived(int bytes) => Interlocked.Add(ref _received, bytes);

    /// <summary>Remembers what the upstream says of its limit (Docker Hub, "Pull usage and limits": <c>ratelimit-remaining: 98;w=21600</c>).</summary>
    public void Note(HttpResponseHeaders headers)
    {
        Note(headers, "RateLimit-Limit", ref _limit);
        Note(headers, "RateLimit-Remaining", ref _remaining);
    }

    private static void Note(HttpResponseHeaders headers, string name, ref long value)
    {
        if (headers.NonValidated.TryGetValues(name, out var values) &&
            long.TryParse(values.ToString().Split(';', ',')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            Interlocked.Exchange(ref value, number);
        }
    }
}
