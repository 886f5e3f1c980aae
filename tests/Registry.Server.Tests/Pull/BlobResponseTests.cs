using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Requests;

namespace Registry.Server.Tests.Pull;

/// <summary>Answers with a source that no engine of files opens.</summary>
public sealed class BlobResponseTests
{
    private static readonly Digest Blob = DigestAlgorithm.Sha256.Compute("blob"u8);
    private static readonly Uri Elsewhere = new("https://bytes.example/blob?signature=a%2Fb");

    [Fact]
    public async Task A_blob_with_an_address_is_fetched_from_there_and_no_cache_keeps_the_address()
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.Range = "bytes=0-1";

        Assert.Null(await BlobResponse.SendAsync(new RequestContext(http), new SourceElsewhere(), Blob));

        Assert.Equal(307, http.Response.StatusCode);
        Assert.Equal(Elsewhere.AbsoluteUri, http.Response.Headers.Location.ToString());
        Assert.Equal("no-store", http.Response.Headers.CacheControl.ToString());
        Assert.Equal(Blob.Value, http.Response.Headers["Docker-Content-Digest"].ToString());
        Assert.Equal(0, http.Response.ContentLength);
        Assert.Null(http.Response.ContentType);
    }

    [Fact]
    public async Task A_client_that_has_the_blob_is_not_sent_elsewhere()
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.IfNoneMatch = EntityTags.Of(Blob);

        Assert.Null(await BlobResponse.SendAsync(new RequestContext(http), new SourceElsewhere(), Blob));

        Assert.Equal(304, http.Response.StatusCode);
        Assert.Equal(0, http.Response.Headers.Location.Count);
    }

    private sealed class SourceElsewhere : BlobSource
    {
        public override long Length => 4;

        public override Uri Location => Elsewhere;

        public override Task CopyToAsync(PipeWriter destination, long offset, long count, CancellationToken cancellationToken = default) =>
            throw new InvalidOperationException("The bytes are elsewhere.");

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
