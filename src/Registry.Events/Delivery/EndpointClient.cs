using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Registry.Core.Events;
using Registry.Events.Configuration;
using Registry.Files;
using Registry.Outgoing;

namespace Registry.Events.Delivery;

/// <summary>Posts events to an endpoint. Of an answer, only the head counts; its body is not read, except for a little that makes the connection usable again.</summary>
internal sealed class EndpointClient : IDisposable
{
    // One for each lane.
    private const int Connections = EventLane.Count;

    private readonly EndpointSettings _settings;
    private readonly EndpointLimits _limits;
    private readonly TimeProvider _time;
    private readonly EndpointGuard _guard;
    private readonly HttpMessageInvoker _invoker;
    private readonly ProductInfoHeaderValue _userAgent;

    /// <summary>Prepares a client; no request is made.</summary>
    /// <param name="settings">The endpoint.</param>
    /// <param name="version">Version of this registry.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="proxy">Proxy, which resolves the names of hosts in our place; null for none.</param>
    /// <param name="network">The network.</param>
    public EndpointClient(EndpointSettings settings, string version, EndpointLimits limits, TimeProvider time, IWebProxy? proxy, OutgoingNetwork network)
    {
        (_settings, _limits, _time) = (settings, limits, time);
        _guard = new EndpointGuard(settings);
        _userAgent = new ProductInfoHeaderValue("registry", version);
        _invoker = new HttpMessageInvoker(new OutgoingConnections(_guard.Choose, network, limits.Connect, time).Create(Connections, settings.Authorities, proxy));
    }

    /// <summary>Makes an attempt.</summary>
    /// <param name="id">Id of the event, the same in each attempt.</param>
    /// <param name="mediaType">Media type of the body.</param>
    /// <param name="body">The body.</param>
    /// <param name="cancellationToken">Ends the attempt, whose end at the endpoint is then unknown.</param>
    public async Task<AttemptResult> SendAsync(string id, string mediaType, byte[] body, CancellationToken cancellationToken)
    {
        var startedAt = _time.GetTimestamp();
        var (status, fault, pause) = await TrySendAsync(id, mediaType, body, cancellationToken);
        return new AttemptResult(status, fault is { Length: > EventDelivery.MaxFault } ? fault[..EventDelivery.MaxFault] : fault, pause, (long)_time.GetElapsedTime(startedAt).TotalMilliseconds);
    }

    /// <inheritdoc/>
    public void Dispose() => _invoker.Dispose();

    private async Task<(int? Status, string? Fault, TimeSpan? Pause)> TrySendAsync(string id, string mediaType, byte[] body, CancellationToken cancellationToken)
    {
        using var whole = new CancellationTokenSource(_limits.Attempt, _time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(whole.Token, cancellationToken);
        try
        {
            _guard.CheckName();
            using var message = CreateMessage(id, mediaType, body);
            using var answer = await _invoker.SendAsync(message, ends.Token);
            var status = (int)answer.StatusCode;
            return answer.IsSuccessStatusCode
                ? (status, null, null)
                : (status,
                    $"answered {OutgoingFaults.Name(answer.StatusCode)}{(status is >= 300 and < 400 ? ", and redirects are not followed" : string.Empty)}",
                    status is 429 or 503 ? OutgoingFaults.PauseOf(answer.Headers.RetryAfter, _time.GetUtcNow()) : null);
        }
        catch (RefusedAddressException e)
        {
            return (null, e.Message, null);
        }
        catch (HttpRequestException e) when (e.InnerException is RefusedAddressException refused)
        {
            return (null, refused.Message, null);
        }
        catch (SecretFileException e)
        {
            return (null, e.Message, null);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && OutgoingFaults.Describe(e) is { } predicate)
        {
            return (null, predicate, null);
        }
    }

    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The message disposes its content.")]
    private HttpRequestMessage CreateMessage(string id, string mediaType, byte[] body)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, _settings.Url)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(mediaType) } },
        };
        message.Headers.UserAgent.Add(_userAgent);
        foreach (var (name, value) in _settings.Headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        // Standard Webhooks 1.0: "webhook-id", "webhook-timestamp" and "webhook-signature".
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds();
        message.Headers.Add("webhook-id", id);
        message.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        if (ReadSecrets() is { Count: > 0 } secrets)
        {
            message.Headers.Add("webhook-signature", string.Join(' ', secrets.Select(secret => secret.Sign(id, timestamp, body))));
        }

        return message;
    }

    private IReadOnlyList<WebhookSecret> ReadSecrets()
    {
        if (_settings.SecretFile is not { } path)
        {
            return _settings.Secret is { } secret ? [secret] : [];
        }

        try
        {
            return WebhookSecret.TryParseFile(OperatorFile.Read(path))
                ?? throw new SecretFileException($"gets nothing, since {path} does not hold secrets: {WebhookSecret.Form}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SecretFileException($"gets nothing, since {path} cannot be read: {IoFault.Reason(e, path)}", e);
        }
    }

    private sealed class SecretFileException(string predicate, Exception? cause = null) : Exception(predicate, cause);
}
