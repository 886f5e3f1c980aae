using System.Net;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Registry.Server.Configuration;
using Registry.Server.Hosting.Kestrel;
using Registry.Server.Transport;
using Registry.Server.Transport.Buffers;

namespace Registry.Server.Tests.Transport.Fixtures;

/// <summary>Kestrel on the direct transport with a handler of the test, for behaviour that no route of the registry has.</summary>
[SupportedOSPlatform("linux")]
internal sealed class HandlerOnDirectTransport : IAsyncDisposable
{
    private readonly KestrelServer _kestrel;

    private HandlerOnDirectTransport(HttpProtocols protocols, X509Certificate2? certificate)
    {
        Transport = new DirectTransport(
            new BlockPool(64 * 1024 * 1024),
            1024 * 1024,
            new ConnectionTimes(),
            TimeSpan.FromMinutes(1),
            work => Task.Run(work),
            Samples.Unsent(),
            TimeProvider.System,
            NullLogger<DirectTransport>.Instance);

        // UseHttps wants services that only this registers.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        var options = new KestrelServerOptions { ApplicationServices = builder.Services.BuildServiceProvider() };
        options.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            if (certificate is not null)
            {
                listen.UseHttps(new HttpsConnectionAdapterOptions { ServerCertificate = certificate });
            }
        });
        _kestrel = new KestrelServer(Options.Create(options), Transport, NullLoggerFactory.Instance);
    }

    public DirectTransport Transport { get; }

    public Uri Address => new(_kestrel.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());

    public static async Task<HandlerOnDirectTransport> StartAsync(
        RequestDelegate handler, HttpProtocols protocols = HttpProtocols.Http1, X509Certificate2? certificate = null)
    {
        var server = new HandlerOnDirectTransport(protocols, certificate);
        await server._kestrel.StartAsync(new HttpApplication(request => handler(request.Http)), CancellationToken.None);
        return server;
    }

    /// <summary>A certificate for 127.0.0.1.</summary>
    public static X509Certificate2 CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    public async ValueTask DisposeAsync()
    {
        await _kestrel.StopAsync(CancellationToken.None);
        _kestrel.Dispose();
    }
}
