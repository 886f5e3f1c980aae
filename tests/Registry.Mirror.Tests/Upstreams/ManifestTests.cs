using System.IO.Compression;
using Registry.Core.Oci;
using Registry.Mirror.Tests.Upstreams.Fixtures;
using Registry.Mirror.Upstreams;
using Registry.Mirror.Upstreams.Requests;

namespace Registry.Mirror.Tests.Upstreams;

public sealed class ManifestTests
{
    private readonly TestImage _image = TestImage.Create();

    private Digest Digest => Digest.Parse(_image.Digest);

    [Fact]
    public async Task A_manifest_is_as_the_upstream_has_it()
    {
        string? accept = null, encoding = null, agent = null;
        await using var server = await ScriptedServer.StartAsync(context =>
        {
            (accept, encoding, agent) = (context.Request.Headers.Accept, context.Request.Headers.AcceptEncoding, context.Request.Headers.UserAgent);
            return context.BodyAsync(_image.Manifest.Bytes, $"{_image.MediaType}; charset=utf-8", ("Docker-Content-Digest", _image.Digest), ("Set-Cookie", "a=b"));
        });
        using var upstream = TestUpstream.At(server);

        var manifest = (await upstream.GetAsync()).Given();

        Assert.Equal((Digest, _image.MediaType), (manifest.Digest, manifest.MediaType));
        Assert.Equal(_image.Manifest.Bytes, manifest.Content.ToArray());
        Assert.Equal(("identity", "registry/1.2.3"), (encoding, agent));
        foreach (var type in new[] { TestImage.OciManifest, TestImage.OciIndex, TestImage.DockerManifest, TestImage.DockerManifestList })
        {
            Assert.Contains(type, accept, StringComparison.Ordinal);
        }

        Assert.Equal("/v2/team/app/manifests/latest", Assert.Single(server.Requests).Target);
        Assert.Equal(1, upstream.Counters.Requests(UpstreamRequestKind.Manifest, UpstreamOutcome.Given));
        Assert.Equal(_image.Manifest.Bytes.Length, upstream.Counters.Received);
    }

    [Fact]
    public async Task A_manifest_is_found_by_its_head_alone()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.ManifestAsync(_image));
        using var upstream = TestUpstream.At(server);
        foreach (Reference reference in new Reference[] { TestUpstream.Latest, Digest })
        {
            var manifest = (await upstream.FindAsync(reference)).Given();
            Assert.Equal((Digest, _image.MediaType, true), (manifest.Digest, manifest.MediaType, manifest.Content.IsEmpty));
        }

        Assert.All(server.Requests, request => Assert.Equal("HEAD", request.Method));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(405)]
    public async Task A_manifest_is_got_where_its_head_tells_no_digest(int status)
    {
        await using var server = await ScriptedServer.StartAsync(context =>
        {
            if (context.Request.Method == "HEAD")
            {
                context.Status(status);
                return Task.CompletedTask;
            }

            return context.BodyAsync(_image.Manifest.Bytes, _image.MediaType);
        });
        using var upstream = TestUpstream.At(server);
        Assert.Equal(Digest, (await upstream.FindAsync()).Given().Digest);
        Assert.Equal(["HEAD", "GET"], server.Requests.Select(request => request.Method));
    }

    [Fact]
    public async Task The_digest_is_of_the_algorithm_that_is_asked_for()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.BodyAsync(_image.Manifest.Bytes, _image.MediaType));
        using var upstream = TestUpstream.At(server);
        Assert.Equal(_image.Manifest.Sha512, (await upstream.GetAsync(Digest.Parse(_image.Manifest.Sha512))).Given().Digest.Value);
        Assert.Equal(_image.Digest, (await upstream.GetAsync()).Given().Digest.Value);
    }

    [Fact]
    public async Task Other_bytes_than_the_digest_says_are_wrong()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.ManifestAsync(_image));
        using var upstream = TestUpstream.At(server);
        var other = Digest.Parse(TestBlob.Random().Digest);
        Assert.Equal(
            $"docker.io sent a manifest with the digest {_image.Digest} in place of {other}", (await upstream.GetAsync(other)).Reason(UpstreamFaultKind.Wrong));
        Assert.Equal($"docker.io answered with {_image.Digest} in place of {other}", (await upstream.FindAsync(other)).Reason(UpstreamFaultKind.Wrong));

        server.Answer = context => context.BodyAsync([.. _image.Manifest.Bytes, 0], _image.MediaType, ("Docker-Content-Digest", _image.Digest));
        (await upstream.GetAsync()).Reason(UpstreamFaultKind.Wrong);
        Assert.Null(upstream.Away);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_manifest_that_is_too_large_is_wrong_and_not_read_to_its_end(bool tellsLength)
    {
        var limits = new UpstreamLimits { ManifestSize = 1000 };
        await using var server = await ScriptedServer.StartAsync(async context =>
        {
            context.Response.ContentLength = tellsLength ? 100_000_000 : null;
            var piece = new byte[1001];
            for (var i = 0; i < 100_000; i++)
            {
                await context.Response.Body.WriteAsync(piece, context.RequestAborted);
            }
        });
        using var upstream = TestUpstream.At(server, limits: limits);
        Assert.Equal("docker.io sent a manifest latest of more than 1000 bytes", (await upstream.GetAsync()).Reason(UpstreamFaultKind.Wrong));
        Assert.InRange(upstream.Counters.Received, 0, 100_000);
    }

    [Fact]
    public async Task A_manifest_of_the_largest_size_is_taken()
    {
        await using var server = await ScriptedServer.StartAsync(context => context.ManifestAsync(_image));
        using var upstream = TestUpstream.At(server, limits: new UpstreamLimits { ManifestSize = _image.Manifest.Bytes.Length });
        (await upstream.GetAsync()).Given();
    }

    [Fact]
    public async Task An_encoded_manifest_is_wrong()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(_image.Manifest.Bytes, TestContext.Current.CancellationToken);
        }

        await using var server = await ScriptedServer.StartAsync(context => context.BodyAsync(packed.ToArray(), _image.MediaType, ("Content-Encoding", "gzip")));
        using var upstream = TestUpstream.At(server);
        Assert.Equal("docker.io sent an encoded body, which was not asked for", (await upstream.GetAsync()).Reason(UpstreamFaultKind.Wrong));
    }

    [Fact]
    public async Task A_manifest_whose_connection_breaks_is_got_again()
    {
        var requests = 0;
        await using var server = await ScriptedServer.StartAsync(async context =>
        {
            if (Interlocked.Increment(ref requests) > 1)
            {
                await context.ManifestAsync(_image);
                return;
            }

            context.Response.ContentLength = _image.Manifest.Bytes.Length;
            await context.Response.Body.WriteAsync(_image.Manifest.Bytes.AsMemory(0, 10), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
        });
        using var upstream = TestUpstream.At(server);
        Assert.Equal(_image.Manifest.Bytes, (await upstream.GetAsync()).Given().Content.ToArray());
        Assert.Equal(2, requests);
    }

    [Fact]
    public async Task Over_TLS_requests_share_a_connection_of_HTTP_2()
    {
        var protocols = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using var server = await ScriptedServer.StartAsync(
            context =>
            {
                protocols.Enqueue(context.Request.Protocol);
                return context.ManifestAsync(_image);
            },
            isTls: true);
        using var upstream = TestUpstream.At(server, new TestNetwork(), isTls: true);
        (await upstream.GetAsync()).Given();
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => upstream.GetAsync())), result => result.Given());
        Assert.All(protocols, protocol => Assert.Equal("HTTP/2", protocol));
        Assert.Equal(1, server.Connections);
    }
}
