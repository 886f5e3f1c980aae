using System.Collections.Concurrent;
using System.Net;

namespace Registry.Server.Tests.Tls;

/// <summary>Clients that pull and push one image over TLS until they are stopped, and record failures.</summary>
internal sealed class WorkingClients : IAsyncDisposable
{
    /// <summary>Repository of the image.</summary>
    public const string Repository = "team/app";

    private const int Count = 6;

    private readonly TestAuthority _authority;
    private readonly Uri _address;
    private readonly TestImage _image;
    private readonly Func<HttpClient, Task<(string Name, string Value)[]>> _authorize;
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task<int>[] _clients;

    /// <summary>Starts the clients.</summary>
    /// <param name="authority">The authority that they trust.</param>
    /// <param name="address">Address of the registry.</param>
    /// <param name="image">The image that is already in the repository.</param>
    /// <param name="authorize">Gets the headers for the requests of a connection, over that connection.</param>
    public WorkingClients(
        TestAuthority authority, Uri address, TestImage image, Func<HttpClient, Task<(string Name, string Value)[]>> authorize)
    {
        _authority = authority;
        _address = address;
        _image = image;
        _authorize = authorize;
        _clients = [.. Enumerable.Range(0, Count).Select(index => WorkAsync(index % 2 == 0 ? HttpVersion.Version11 : HttpVersion.Version20))];
    }

    /// <summary>Stops the clients. Fails when a request has failed or a client has sent none.</summary>
    public async Task AssertNothingFailedAsync()
    {
        await _stop.CancelAsync();
        var counts = await Task.WhenAll(_clients);
        Assert.Empty(_failures);
        Assert.All(counts, count => Assert.True(count > 0, "A client has done nothing."));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
        _stop.Dispose();
    }

    // Every round begins a connection; the requests of the round go over it.
    private async Task<int> WorkAsync(Version version)
    {
        var count = 0;
        for (; !_stop.IsCancellationRequested; count++)
        {
            using var client = _authority.CreateClient(_address, version);
            try
            {
                await PullAndPushAsync(client);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or InvalidOperationException)
            {
                _failures.Enqueue(e.ToString());
            }
        }

        return count;
    }

    private async Task PullAndPushAsync(HttpClient client)
    {
        var headers = await _authorize(client);
        var blob = _image.Blobs[^1];
        Expect(200, await client.GetAnswerAsync($"/v2/{Repository}/blobs/{blob.Digest}", headers), blob);
        Expect(201, await client.RequestAsync("POST", $"/v2/{Repository}/blobs/uploads/?digest={blob.Digest}", blob.Bytes, headers));
        Expect(201, await client.PutManifestAsync(Repository, "latest", _image, headers));
        Expect(200, await client.GetAnswerAsync($"/v2/{Repository}/manifests/latest", headers), _image.Manifest);
    }

    private void Expect(int status, Answer answer, TestBlob? body = null)
    {
        if (answer.Status != status || (body is not null && !answer.Body.AsSpan().SequenceEqual(body.Bytes)))
        {
            _failures.Enqueue(answer.ToString());
        }
    }
}
