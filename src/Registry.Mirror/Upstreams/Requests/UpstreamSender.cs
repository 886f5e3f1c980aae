using System.Net;
using System.Net.Http.Headers;

namespace Registry.Mirror.Upstreams.Requests;

/// <summary>Sends single messages, and reads answers, within the time limits.</summary>
/// <param name="invoker">The connections.</param>
/// <param name="userAgent">Name of this registry.</param>
/// <param name="limits">The time limits.</param>
/// <param name="counters">Counts the messages.</param>
/// <param name="time">The clock.</param>
internal sealed class UpstreamSender(HttpMessageInvoker invoker, ProductInfoHeaderValue userAgent, UpstreamLimits limits, UpstreamCounters counters, TimeProvider time)
{
    /// <summary>Sends a message, and returns when the head of the answer is there. The caller disposes the answer.</summary>
    /// <param name="message">The message.</param>
    /// <param name="host">The host, as the subject of sentences.</param>
    /// <param name="cancellationToken">Ends the request; not the reading of its body.</param>
    /// <exception cref="UpstreamException">There is no answer.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, string host, CancellationToken cancellationToken)
    {
        message.Version = HttpVersion.Version20;
        message.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        message.Headers.UserAgent.Add(userAgent);
        message.Headers.AcceptEncoding.ParseAdd("identity");
        using var patience = new CancellationTokenSource(limits.Head, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        counters.HasSent();
        try
        {
            return await invoker.SendAsync(message, ends.Token);
        }
        catch (Exception e) when (UpstreamFaults.Of(e, host, cancellationToken) is { } fault)
        {
            throw fault;
        }
    }

    /// <summary>Opens the body of an answer. Disposing it disposes the answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="host">The host, as the subject of sentences.</param>
    /// <param name="closed">Is called once when it is disposed; null for nothing.</param>
    public async Task<UpstreamBody> OpenAsync(HttpResponseMessage answer, string host, Action? closed = null) =>
        new(await answer.Content.ReadAsStreamAsync(CancellationToken.None), answer, host, limits.Silence, counters, time, closed);

    /// <summary>Reads the body of an answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="host">The host, as the subject of sentences.</param>
    /// <param name="what">What the body is, for messages.</param>
    /// <param name="limit">Number of bytes that are allowed.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="UpstreamException">The body is larger, is encoded, or the connection breaks.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(HttpResponseMessage answer, string host, string what, int limit, CancellationToken cancellationToken)
    {
        RefuseEncoding(answer, host);
        if (answer.Content.Headers.ContentLength > limit)
        {
            throw TooLarge();
        }

        try
        {
            await using var body = await OpenAsync(answer, host);
            using var content = new MemoryStream((int)(answer.Content.Headers.ContentLength ?? 0));
            var buffer = new byte[16 * 1024];
            while (await body.ReadAsync(buffer, cancellationToken) is var count and > 0)
            {
                if (content.Length + count > limit)
                {
                    throw TooLarge();
                }

                content.Write(buffer, 0, count);
            }

            return content.GetBuffer().AsMemory(0, (int)content.Length);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException && UpstreamFaults.Of(e, host, CancellationToken.None) is { } fault)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw fault;
        }

        UpstreamException TooLarge() => new(UpstreamFaultKind.Wrong, $"{host} sent {what} of more than {limit} bytes");
    }

    /// <summary>Refuses a body that is not as it is stored, although that was asked for.</summary>
    /// <exception cref="UpstreamException">The body is encoded.</exception>
    public static void RefuseEncoding(HttpResponseMessage answer, string host)
    {
        if (answer.Content.Headers.ContentEncoding.Any(one => !one.Equals("identity", StringComparison.OrdinalIgnoreCase)))
        {
            throw new UpstreamException(UpstreamFaultKind.Wrong, $"{host} sent an encoded body, which was not asked for");
        }
    }
}
