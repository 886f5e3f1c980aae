using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging;
using Registry.Mirror.Configuration;
using Registry.Mirror.Upstreams.Addresses;
using Registry.Mirror.Upstreams.Authentication;
using Registry.Outgoing;

namespace Registry.Mirror.Upstreams.Requests;

/// <summary>
/// Requests to an upstream: with what it wants for authentication, along redirects, repeated after passing faults, and refused while it does not work. Hosts to which it redirects
/// have a circuit of their own, since manifests are there when blobs are not.
/// </summary>
internal sealed class UpstreamClient : IDisposable
{
    private const int MaxRedirects = 5;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    private readonly UpstreamSettings _settings;
    private readonly UpstreamLimits _limits;
    private readonly TimeProvider _time;
    private readonly string _url;
    private readonly AddressGuard _guard;
    private readonly HttpMessageInvoker _invoker;
    private readonly UpstreamCredentials _credentials;
    private readonly UpstreamAuthenticator _authenticator;
    private readonly UpstreamCircuit _circuit;
    private readonly UpstreamCircuit _otherCircuit;

    /// <summary>Prepares a client; no request is made.</summary>
    /// <param name="settings">The upstream.</param>
    /// <param name="userAgent">Name of this registry.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="proxy">Proxy; null for none.</param>
    /// <param name="network">The network.</param>
    public UpstreamClient(
        UpstreamSettings settings, ProductInfoHeaderValue userAgent, UpstreamLimits limits, TimeProvider time, ILoggerFactory loggers, IWebProxy? proxy, OutgoingNetwork network)
    {
        (_settings, _limits, _time) = (settings, limits, time);
        _url = $"{settings.Url.GetLeftPart(UriPartial.Path).TrimEnd('/')}/v2/";
        _guard = new AddressGuard(settings);
        _invoker = new HttpMessageInvoker(
            new OutgoingConnections(_guard.Choose, network, limits.Connect, time).Create(settings.Connections, settings.Authorities, proxy));
        Sender = new UpstreamSender(_invoker, userAgent, limits, Counters, time);
        _credentials = new UpstreamCredentials(settings, time);
        _authenticator = new UpstreamAuthenticator(
            settings, _guard, _credentials, new UpstreamTokens(settings.Name, _credentials, Sender, limits, Counters, time));
        _circuit = new UpstreamCircuit(settings.Name, time, loggers.CreateLogger<UpstreamCircuit>());
        _otherCircuit = new UpstreamCircuit($"the host to which {settings.Name} redirects", time, loggers.CreateLogger<UpstreamCircuit>());
    }

    /// <summary>Counts the requests.</summary>
    public UpstreamCounters Counters { get; } = new();

    /// <summary>Reads the answers.</summary>
    public UpstreamSender Sender { get; }

    /// <summary>Fault because of which nothing is sent to the upstream itself; null if requests are sent.</summary>
    public UpstreamFault? Away => _circuit.Fault;

    /// <summary>Time of the first fault because of which nothing is sent; null if requests are sent.</summary>
    public DateTimeOffset? AwaySince => _circuit.Since;

    /// <summary>Runs a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="read">Reads the answer, and disposes it or hands it on. It is repeated with the request.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <exception cref="UpstreamException">The upstream has not given it.</exception>
    public async Task<T> RunAsync<T>(UpstreamRequest request, Func<UpstreamAnswer, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        var outcome = UpstreamOutcome.Cancelled;
        try
        {
            var value = await RepeatAsync(request, read, cancellationToken);
            outcome = UpstreamOutcome.Given;
            return value;
        }
        catch (UpstreamException e)
        {
            outcome = e.IsRefusal ? UpstreamOutcome.Refused : e.Fault.Kind switch
            {
                UpstreamFaultKind.Missing => UpstreamOutcome.Missing,
                UpstreamFaultKind.Wrong => UpstreamOutcome.Wrong,
                _ => UpstreamOutcome.Away,
            };
            throw;
        }
        finally
        {
            Counters.Ended(request.Kind, outcome);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _invoker.Dispose();
        _credentials.Dispose();
    }

    private async Task<T> RepeatAsync<T>(UpstreamRequest request, Func<UpstreamAnswer, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        using var whole = new CancellationTokenSource(request.Kind == UpstreamRequestKind.Blob ? _limits.Blob : _limits.Whole, _time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(whole.Token, cancellationToken);
        using var way = new Way(_circuit.Enter(), _otherCircuit);
        for (var number = 1; ; number++)
        {
            try
            {
                var answer = await ExchangeAsync(request, way, ends.Token);
                var value = await read(answer, ends.Token);
                way.Works();
                return value;
            }
            catch (Exception e) when (UpstreamFaults.Of(e, _settings.Name, cancellationToken) is { } fault)
            {
                if (!fault.IsPassing || number >= _limits.Attempts || whole.IsCancellationRequested)
                {
                    // One odd list must not close the upstream for manifests and blobs.
                    if (request.Kind is UpstreamRequestKind.Manifest or UpstreamRequestKind.Blob || fault.Pause is not null)
                    {
                        way.Failed(fault);
                    }

                    throw fault;
                }
            }

            try
            {
                await PauseAsync(number, ends.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The next attempt ends at once, and tells why.
            }
        }
    }

    // About twice as long each time, and by half of that at random, so that many nodes do not come back at the same moment.
    [SuppressMessage("Security", "CA5394", Justification = "Spreads requests, and protects nothing.")]
    private Task PauseAsync(int number, CancellationToken cancellationToken) =>
        Task.Delay(FirstPause * Math.Pow(2, number - 1) * (0.5 + (Random.Shared.NextDouble() / 2)), _time, cancellationToken);

    private async Task<UpstreamAnswer> ExchangeAsync(UpstreamRequest request, Way way, CancellationToken cancellationToken)
    {
        var (url, host) = (new Uri($"{_url}{request.Repository}/{request.Path}"), _settings.Name);
        for (var redirects = 0; ; redirects++)
        {
            var isOwn = _guard.IsOwn(url);
            host = isOwn ? _settings.Name : $"{url.Host}, to which {_settings.Name} redirects,";
            way.Turn(isOwn);
            var answer = isOwn ? await AuthorizeAsync(request, url, cancellationToken) : await SendAsync(request, url, host, null, cancellationToken);
            var status = (int)answer.StatusCode;
            if (status == (int)HttpStatusCode.OK || request.IsExpected(status))
            {
                return new UpstreamAnswer(answer, host);
            }

            using (answer)
            {
                if (status is not (301 or 302 or 303 or 307 or 308))
                {
                    throw UpstreamFaults.Of(answer, host, _time.GetUtcNow(), isOfRegistry: request.Kind != UpstreamRequestKind.Blob || isOwn);
                }

                if (redirects == MaxRedirects)
                {
                    throw new UpstreamException(UpstreamFaultKind.Away, $"{_settings.Name} redirects more than {MaxRedirects} times");
                }

                url = _guard.CheckRedirect(url, answer.Headers.Location);
            }
        }
    }

    // A token that has expired in the middle is asked for again once. So is the way of authentication that the upstream wants.
    private async Task<HttpResponseMessage> AuthorizeAsync(UpstreamRequest request, Uri url, CancellationToken cancellationToken)
    {
        using var first = await _authenticator.FindAsync(request.Repository, cancellationToken);
        var answer = await SendAsync(request, url, _settings.Name, first, cancellationToken);
        Counters.Note(answer.Headers);
        if (answer.StatusCode != HttpStatusCode.Unauthorized)
        {
            return Judge(answer, first);
        }

        using (answer)
        {
            var wantsToken = answer.Headers.WwwAuthenticate.Any(challenge => challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase));
            await RefuseAsync(wantsToken ? null : first, cancellationToken);

            // The password may be needed for a token.
            first?.Dispose();
            using var second = await _authenticator.AnswerAsync(answer.Headers.WwwAuthenticate, request.Repository, first, cancellationToken)
                ?? throw _authenticator.Describe(first);
            var again = await SendAsync(request, url, _settings.Name, second, cancellationToken);
            Counters.Note(again.Headers);
            if (again.StatusCode != HttpStatusCode.Unauthorized)
            {
                return Judge(again, second);
            }

            using (again)
            {
                await RefuseAsync(second, cancellationToken);
                throw _authenticator.Describe(second);
            }
        }
    }

    private HttpResponseMessage Judge(HttpResponseMessage answer, UpstreamProof? proof)
    {
        proof?.Login?.Accepted();
        if (answer.StatusCode != HttpStatusCode.NotFound || proof?.Token?.GrantsPull is not false)
        {
            return answer;
        }

        using (answer)
        {
            throw new UpstreamException(UpstreamFaultKind.Away, $"{_settings.Name} answered 404 Not Found to a token that may not pull");
        }
    }

    // A password that was right may lack the right for one repository, which must not close the others: the base of the API tells.
    private async Task RefuseAsync(UpstreamProof? proof, CancellationToken cancellationToken)
    {
        if (proof?.Login is not { } login)
        {
            return;
        }

        if (login.WasAccepted)
        {
            using var message = new HttpRequestMessage(HttpMethod.Get, new Uri(_url));
            message.Headers.Authorization = login.Header;
            using var answer = await Sender.SendAsync(message, _settings.Name, cancellationToken);
            if (answer.StatusCode != HttpStatusCode.Unauthorized)
            {
                return;
            }
        }

        login.Refused();
    }

    private async Task<HttpResponseMessage> SendAsync(UpstreamRequest request, Uri url, string host, UpstreamProof? proof, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(request.Method, url);
        message.Headers.Authorization = proof?.Header;
        message.Headers.Range = request.Range;
        foreach (var type in request.Accept)
        {
            message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(type));
        }

        return await Sender.SendAsync(message, host, cancellationToken);
    }

    // A request on its way through the circuits: that of the upstream, and after a redirect that of the others.
    private sealed class Way(UpstreamCircuit.Pass own, UpstreamCircuit others) : IDisposable
    {
        private UpstreamCircuit.Pass? _other;
        private bool _isOwn;

        public void Turn(bool isOwn)
        {
            _isOwn = isOwn;
            if (!isOwn)
            {
                // The upstream has answered.
                own.Works();
                _other ??= others.Enter();
            }
        }

        public void Works() => (_isOwn ? own : _other)?.Works();

        public void Failed(UpstreamException fault) => (_isOwn ? own : _other)?.Failed(fault);

        public void Dispose()
        {
            own.Dispose();
            _other?.Dispose();
        }
    }
}
