using System.Net;
using Registry.Mirror.Upstreams.Requests;

namespace Registry.Mirror.Upstreams.Authentication;

/// <summary>Tokens of an upstream by scope. There is one request for all who wait for the same.</summary>
/// <param name="name">Name of the upstream, for messages.</param>
/// <param name="credentials">What they are asked for with; nothing for anonymous pulls.</param>
/// <param name="sender">Sends the requests.</param>
/// <param name="limits">The time limits.</param>
/// <param name="counters">Counts the requests.</param>
/// <param name="time">The clock.</param>
internal sealed class UpstreamTokens(
    string name, UpstreamCredentials credentials, UpstreamSender sender, UpstreamLimits limits, UpstreamCounters counters, TimeProvider time)
{
    /// <summary>Largest number of tokens that are kept.</summary>
    internal const int MaxTokens = 1000;

    // A token has some KiB.
    private const int MaxAnswer = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, UpstreamToken> _tokens = [];
    private readonly Dictionary<string, Task<UpstreamToken>> _requests = [];

    /// <summary>Finds a token that has not expired; null if there is none.</summary>
    public UpstreamToken? Find(string scope)
    {
        lock (_lock)
        {
            return _tokens.GetValueOrDefault(scope) is { } token && token.Expiry > time.GetTimestamp() ? token : null;
        }
    }

    /// <summary>Finds a token, or asks for it.</summary>
    /// <param name="realm">Address of the token service.</param>
    /// <param name="service">Name of the upstream there; null for none.</param>
    /// <param name="scope">What the token shall grant.</param>
    /// <param name="refused">A token that the upstream has refused, which is not used again; null for none.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="UpstreamException">There is no token.</exception>
    public Task<UpstreamToken> GetAsync(Uri realm, string? service, string scope, UpstreamToken? refused, CancellationToken cancellationToken)
    {
        Task<UpstreamToken>? request;
        lock (_lock)
        {
            if (_tokens.GetValueOrDefault(scope) is { } known && known != refused && known.Expiry > time.GetTimestamp())
            {
                return Task.FromResult(known);
            }

            _tokens.Remove(scope);
            if (!_requests.TryGetValue(scope, out request))
            {
                request = _requests[scope] = Task.Run(() => RequestAsync(realm, service, scope), CancellationToken.None);
            }
        }

        return request.WaitAsync(cancellationToken);
    }

    private async Task<UpstreamToken> RequestAsync(Uri realm, string? service, string scope)
    {
        UpstreamToken? token = null;
        try
        {
            return token = await AskAsync(realm, service, scope);
        }
        finally
        {
            lock (_lock)
            {
                _requests.Remove(scope);
                if (token is not null)
                {
                    Keep(scope, token);
                }
            }
        }
    }

    private async Task<UpstreamToken> AskAsync(Uri realm, string? service, string scope)
    {
        // A caller that leaves does not end what others wait for.
        using var limit = new CancellationTokenSource(limits.Head, time);
        using var login = credentials.Exist ? await credentials.LogInAsync(limit.Token) : null;
        var query = $"{(realm.Query.Length > 1 ? $"{realm.Query}&" : "?")}scope={Uri.EscapeDataString(scope)}";
        query += service is null ? string.Empty : $"&service={Uri.EscapeDataString(service)}";
        using var message = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(realm) { Query = query, Fragment = string.Empty }.Uri);
        message.Headers.Authorization = login?.Header;
        var host = $"{realm.Host}, which issues the tokens of {name},";
        var asked = time.GetTimestamp();
        counters.HasAskedForToken();
        using var answer = await sender.SendAsync(message, host, CancellationToken.None);
        if (answer.StatusCode == HttpStatusCode.Unauthorized)
        {
            login?.Refused();
            throw new UpstreamException(UpstreamFaultKind.Away, $"{host} {(login is null ? "wants credentials" : "refuses the password")}");
        }

        if (answer.StatusCode != HttpStatusCode.OK)
        {
            var fault = UpstreamFaults.Of(answer, host, time.GetUtcNow());
            throw fault.Fault.Kind == UpstreamFaultKind.Away ? fault : new UpstreamException(UpstreamFaultKind.Away, fault.Fault.Reason) { Shown = fault.Fault.Shown };
        }

        login?.Accepted();
        return UpstreamToken.Read(await sender.ReadAsync(answer, host, "a token", MaxAnswer, limit.Token), asked, time.TimestampFrequency)
            ?? throw new UpstreamException(UpstreamFaultKind.Away, $"{host} sent no token");
    }

    private void Keep(string scope, UpstreamToken token)
    {
        if (_tokens.Count >= MaxTokens)
        {
            var now = time.GetTimestamp();
            foreach (var expired in _tokens.Where(one => one.Value.Expiry <= now).Select(one => one.Key).ToList())
            {
                _tokens.Remove(expired);
            }

            if (_tokens.Count >= MaxTokens)
            {
                _tokens.Clear();
            }
        }

        _tokens[scope] = token;
    }
}
