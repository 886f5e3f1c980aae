using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Registry.Mirror.Tests.Upstreams.Fixtures;

/// <summary>A real HTTP server on the loopback interface that answers what a test tells it.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly ConcurrentQueue<SeenRequest> _requests = new();
    private int _connections;

    private ScriptedServer(Func<HttpContext, Task> answer, bool isTls)
    {
        Answer = answer;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Use(next => connection =>
                {
                    Interlocked.Increment(ref _connections);
                    return next(connection);
                });
                if (isTls)
                {
                    listen.UseHttps(Certificate);
                }
            });
        });
        _application = builder.Build();
        _application.Run(async context =>
        {
            _requests.Enqueue(SeenRequest.Of(context));
            try
            {
                await Answer(context);
            }
            catch (OperationCanceledException)
            {
                // The client has gone, as the test wants.
            }
        });
    }

    /// <summary>Certificate for <c>*.example</c> hosts of the tests and for localhost, which is its own authority.</summary>
    public static X509Certificate2 Certificate { get; } = Issue();

    /// <summary>What it answers.</summary>
    public Func<HttpContext, Task> Answer { get; set; }

    /// <summary>The requests so far.</summary>
    public IReadOnlyList<SeenRequest> Requests => [.. _requests];

    /// <summary>Number of connections so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Port.</summary>
    public int Port => new Uri(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;

    /// <summary>Starts a server.</summary>
    public static async Task<ScriptedServer> StartAsync(Func<HttpContext, Task> answer, bool isTls = false)
    {
        var server = new ScriptedServer(answer, isTls);
        await server._application.StartAsync();
        return server;
    }

    /// <summary>Starts a server whose answers are complete.</summary>
    public static Task<ScriptedServer> StartAsync(Action<HttpContext> answer, bool isTls = false) => StartAsync(
        context =>
        {
            answer(context);
            return Task.CompletedTask;
        },
        isTls);

    public async ValueTask DisposeAsync()
    {
        // Requests that hang are not waited for.
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }

    private static X509Certificate2 Issue()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=registry.example", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in new[] { "registry.example", "cdn.example", "auth.example", "localhost" })
        {
            names.AddDnsName(name);
        }

        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }
}
