using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Oci;
using Registry.Mirror.Configuration;
using Registry.Mirror.Upstreams;
using Registry.Mirror.Upstreams.Requests;

namespace Registry.Mirror.Tests.Upstreams.Fixtures;

/// <summary>Upstreams for tests, and what they are asked for.</summary>
internal static class TestUpstream
{
    public const string Name = "docker.io";
    public const string Repository = "team/app";

    public static Tag Latest { get; } = Tag.Parse("latest");

    /// <summary>Creates an upstream at a URL.</summary>
    public static HttpUpstream Create(
        string url,
        TestNetwork? network = null,
        TimeProvider? time = null,
        Func<UpstreamSettings, UpstreamSettings>? configure = null,
        UpstreamLimits? limits = null,
        IWebProxy? proxy = null)
    {
        var settings = new UpstreamSettings { Name = Name, Url = new Uri(url), Prefix = "hub", Authorities = [ScriptedServer.Certificate] };
        return new HttpUpstream(
            configure?.Invoke(settings) ?? settings, "1.2.3", limits ?? new UpstreamLimits(), time ?? TimeProvider.System, NullLoggerFactory.Instance, proxy, network?.Network);
    }

    /// <summary>Creates an upstream at the name <c>registry.example</c>, which has a public address.</summary>
    public static HttpUpstream At(
        ScriptedServer server, TestNetwork network, TimeProvider? time = null, Func<UpstreamSettings, UpstreamSettings>? configure = null, bool isTls = false) =>
        Create($"{(isTls ? "https" : "http")}://registry.example:{server.Port}", network, time, configure);

    /// <summary>Creates an upstream at the loopback interface.</summary>
    public static HttpUpstream At(ScriptedServer server, TimeProvider? time = null, Func<UpstreamSettings, UpstreamSettings>? configure = null, UpstreamLimits? limits = null) =>
        Create($"http://127.0.0.1:{server.Port}", null, time, configure, limits);

    public static Task<UpstreamResult<UpstreamManifest>> GetAsync(this HttpUpstream upstream, Reference? reference = null) =>
        upstream.GetManifestAsync(Repository, reference ?? Latest, TestContext.Current.CancellationToken);

    public static Task<UpstreamResult<UpstreamManifest>> FindAsync(this HttpUpstream upstream, Reference? reference = null) =>
        upstream.FindManifestAsync(Repository, reference ?? Latest, TestContext.Current.CancellationToken);

    public static Task<UpstreamResult<UpstreamBlob>> OpenAsync(this HttpUpstream upstream, string digest, long offset = 0, long? length = null) =>
        upstream.OpenBlobAsync(Repository, Digest.Parse(digest), offset, length, TestContext.Current.CancellationToken);

    /// <summary>The value of a success.</summary>
    public static T Given<T>(this UpstreamResult<T> result)
    {
        Assert.True(result.TryGet(out var value, out var fault), fault?.ToString());
        return value;
    }

    /// <summary>The reason of a fault of a kind.</summary>
    public static string Reason<T>(this UpstreamResult<T> result, UpstreamFaultKind kind)
    {
        Assert.NotNull(result.Fault);
        Assert.Equal(kind, result.Fault.Kind);
        return result.Fault.Reason;
    }

    /// <summary>Reads the bytes of a blob, and disposes it.</summary>
    public static async Task<byte[]> ReadAsync(this UpstreamBlob blob)
    {
        await using (blob)
        {
            using var content = new MemoryStream();
            await blob.Content.CopyToAsync(content, TestContext.Current.CancellationToken);
            return content.ToArray();
        }
    }
}
