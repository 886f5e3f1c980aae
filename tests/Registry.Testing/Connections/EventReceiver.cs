using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Registry.Testing.Connections;

/// <summary>A real HTTP server on the loopback interface that takes events, and verifies their signatures as Standard Webhooks 1.0 says, by code of its own.</summary>
public sealed class EventReceiver : IAsyncDisposable
{
    /// <summary>A secret in the form of the configuration.</summary>
    public const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private readonly WebApplication _application;
    private readonly Lock _lock = new();
    private readonly List<ReceivedEvent> _events = [];
    private int _requests;

    private EventReceiver(int port, X509Certificate2? certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        _application = builder.Build();
        _application.Run(TakeAsync);
    }

    /// <summary>Decides about a request before it is taken: true if it has answered it, other than by taking the event. Null to take all.</summary>
    public Func<HttpContext, Task<bool>>? Instead { get; set; }

    /// <summary>Events that were taken, in order. One that was sent twice is there twice.</summary>
    public IReadOnlyList<ReceivedEvent> Events
    {
        get
        {
            lock (_lock)
            {
                return [.. _events];
            }
        }
    }

    /// <summary>Number of requests so far.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Address for the configuration of an endpoint.</summary>
    public Uri Url => new(new Uri(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()), "/hook");

    /// <summary>Starts a receiver.</summary>
    /// <param name="port">Port; 0 for a free one.</param>
    /// <param name="certificate">Certificate for TLS; null for none.</param>
    public static async Task<EventReceiver> StartAsync(int port = 0, X509Certificate2? certificate = null)
    {
        var receiver = new EventReceiver(port, certificate);
        await receiver._application.StartAsync();
        return receiver;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Requests that hang are not waited for.
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        try
        {
            if (Instead is { } instead && await instead(context))
            {
                return;
            }

            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            var headers = context.Request.Headers;
            var taken = new ReceivedEvent(
                headers["webhook-id"].ToString(), IsSigned(headers, body.ToArray()), context.Request.ContentType ?? string.Empty, headers.Authorization.ToString(), body.ToArray());
            lock (_lock)
            {
                _events.Add(taken);
            }

            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        catch (OperationCanceledException)
        {
            // The registry has given up, as the test wants.
        }
    }

    private static bool IsSigned(IHeaderDictionary headers, byte[] body)
    {
        var timestamp = headers["webhook-timestamp"].ToString();
        var signed = Encoding.UTF8.GetBytes($"{headers["webhook-id"]}.{timestamp}.").Concat(body).ToArray();
        var expected = $"v1,{Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(Secret["whsec_".Length..]), signed))}";
        var isNow = long.TryParse(timestamp, CultureInfo.InvariantCulture, out var at) && Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - at) < 300;
        return isNow && headers["webhook-signature"].ToString().Split(' ').Contains(expected);
    }

    /// <summary>An event as it was taken.</summary>
    /// <param name="Id">Header <c>webhook-id</c>.</param>
    /// <param name="IsSigned">True if the signature is that of <see cref="Secret"/>, and its time is now.</param>
    /// <param name="ContentType">Header <c>Content-Type</c>.</param>
    /// <param name="Authorization">Header <c>Authorization</c>; empty without it.</param>
    /// <param name="Body">The body.</param>
    public sealed record ReceivedEvent(string Id, bool IsSigned, string ContentType, string Authorization, ReadOnlyMemory<byte> Body)
    {
        /// <summary>The body as JSON.</summary>
        public JsonElement Json { get; } = JsonDocument.Parse(Body).RootElement;

        /// <summary>Member <c>data</c> of a CloudEvent.</summary>
        public JsonElement Data => Json.GetProperty("data");

        /// <summary>Kind and subject of a CloudEvent.</summary>
        public string Summary => $"{Data.GetProperty("kind").GetString()} {Json.GetProperty("subject").GetString()}";
    }
}
