using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Registry.Testing.Connections;

namespace Registry.Torture.Mirroring;

/// <summary>Relay in front of an upstream that wants tokens, and fails as often as it is told to.</summary>
internal sealed class FailingUpstream : IAsyncDisposable
{
    // While failures are due, one in so many requests meets one.
    private const int RequestsPerFailure = 3;

    // Longer than the mirror waits for a byte (30 s).
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(35);
    private static readonly TimeSpan LateBy = TimeSpan.FromSeconds(6);

    private readonly UpstreamRelay _relay;
    private readonly Random _random;
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, byte> _tokens = new();
    private readonly ConcurrentDictionary<UpstreamFailure, int> _counts = new();
    private readonly CancellationTokenSource _end = new();
    private int _due;

    private FailingUpstream(UpstreamRelay relay, Random random)
    {
        (_relay, _random) = (relay, random);
        relay.Instead = AnswerAsync;
        relay.InsteadOfBody = SendAsync;
    }

    public string Address => _relay.Address;

    /// <summary>Number of failures that are still to happen.</summary>
    public int Due
    {
        get
        {
            lock (_lock)
            {
                return _due;
            }
        }
    }

    /// <summary>Number of failures that have happened.</summary>
    public int Happened => _counts.Values.Sum();

    public static async Task<FailingUpstream> StartAsync(Uri upstream, Random random) => new(await UpstreamRelay.StartAsync(upstream), random);

    /// <summary>Lets so many failures happen.</summary>
    public void Fail(int count)
    {
        lock (_lock)
        {
            _due = count;
        }
    }

    /// <summary>Failures by kind.</summary>
    public override string ToString() => string.Join(", ", _counts.OrderBy(pair => pair.Key).Select(pair => $"{pair.Value} {pair.Key}"));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _relay.DisposeAsync();
        _end.Dispose();
    }

    private UpstreamFailure? Choose(HttpContext context)
    {
        lock (_lock)
        {
            if (_due == 0 || _random.Next(RequestsPerFailure) != 0)
            {
                return null;
            }

            // What waits long is rare.
            var all = Enum.GetValues<UpstreamFailure>();
            var failure = all[_random.Next(all.Length)];
            failure = failure is UpstreamFailure.Silence or UpstreamFailure.LateHead && _random.Next(4) > 0 ? UpstreamFailure.Cut : failure;
            failure = failure is UpstreamFailure.Cut or UpstreamFailure.WrongByte or UpstreamFailure.Short or UpstreamFailure.Silence && HttpMethods.IsHead(context.Request.Method)
                ? UpstreamFailure.NoAnswer
                : failure;
            _due--;
            _counts.AddOrUpdate(failure, 1, (_, count) => count + 1);
            return failure;
        }
    }

    private int Next(int below)
    {
        lock (_lock)
        {
            return _random.Next(below);
        }
    }

    // True if the request is answered.
    private async Task<bool> AnswerAsync(HttpContext context)
    {
        if (context.Request.Path == "/token")
        {
            var token = Guid.NewGuid().ToString();
            _tokens[token] = 0;
            await context.Response.WriteAsync(JsonSerializer.Serialize(new { token, expires_in = 300 }));
            return true;
        }

        var failure = Choose(context);
        if (failure == UpstreamFailure.ExpiredTokens)
        {
            _tokens.Clear();
        }

        if (!AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out var authorization) || !_tokens.ContainsKey(authorization.Parameter ?? string.Empty))
        {
            var path = context.Request.Path.Value!.Split('/');
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"{Address}/token\",service=\"torture\",scope=\"repository:{path[2]}/{path[3]}:pull\"";
            return true;
        }

        // It is for the upstream itself.
        context.Request.Headers.Remove("Authorization");
        switch (failure)
        {
            case UpstreamFailure.NoAnswer:
                context.Abort();
                return true;
            case UpstreamFailure.LateHead:
                await Task.Delay(LateBy, _end.Token);
                return false;
            case UpstreamFailure.TooManyRequests:
                context.Response.StatusCode = 429;
                context.Response.Headers.RetryAfter = "1";
                return true;
            case UpstreamFailure.ServerError:
                context.Response.StatusCode = 500;
                return true;
            case UpstreamFailure.Overloaded:
                context.Response.StatusCode = 503;
                return true;
            default:
                context.Items[this] = failure;
                return false;
        }
    }

    // True if the body is sent, or never will be.
    private async Task<bool> SendAsync(HttpContext context, HttpResponseMessage answer)
    {
        if (context.Items[this] is not UpstreamFailure failure || !answer.IsSuccessStatusCode)
        {
            return false;
        }

        var body = await answer.Content.ReadAsByteArrayAsync(context.RequestAborted);
        var at = Next(Math.Max(1, body.Length));
        var sent = failure is UpstreamFailure.Cut or UpstreamFailure.Silence or UpstreamFailure.Short ? body.AsMemory(0, at) : body;
        if (failure == UpstreamFailure.WrongByte && body.Length > 0)
        {
            body[at] ^= 1;
        }

        if (failure == UpstreamFailure.Short)
        {
            context.Response.ContentLength = at;
        }

        await context.Response.Body.WriteAsync(sent, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        if (failure == UpstreamFailure.Silence)
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _end.Token);
            await Task.Delay(Silence, end.Token);
        }

        if (failure is UpstreamFailure.Cut or UpstreamFailure.Silence)
        {
            context.Abort();
        }

        return true;
    }
}
