using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Registry.Testing;
using Registry.Testing.Layouts;

namespace Registry.Interop.Tests;

/// <summary>
/// A manifest or index as the registry returned it, and everything below it: an index has children; an image has blobs, the config first
/// and then the layers in the manifest's order. All of it has been read and hashed.
/// </summary>
internal sealed record StoredImage(
    string Digest, string MediaType, byte[] Manifest, IReadOnlyList<StoredImage> Children, IReadOnlyList<OciDescriptor> Blobs)
{
    public OciDescriptor Config => Blobs[0];

    public IEnumerable<OciDescriptor> Layers => Blobs.Skip(1);
}

/// <summary>Minimal client of the distribution protocol: reads back and hashes pushed content independently of the tested clients.</summary>
internal sealed class RegistryHttp : IDisposable
{
    public const string DockerManifestType = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerListType = "application/vnd.docker.distribution.manifest.list.v2+json";

    private readonly HttpClient _client;

    public RegistryHttp(Uri address, TimeSpan? timeout = null)
    {
        _client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = address,
            Timeout = timeout ?? Patience.Limit,
        };
        // Other registries convert a manifest for a client that does not name its type.
        foreach (string type in (ReadOnlySpan<string>)[OciLayoutBuilder.ManifestType, OciLayoutBuilder.IndexType, DockerManifestType, DockerListType])
        {
            _client.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue(type));
        }
    }

    public void Dispose() => _client.Dispose();

    public Task<HttpResponseMessage> GetAsync(string path, CancellationToken cancellationToken = default) =>
        _client.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    /// <summary>Sends a request; the path may be a Location of an earlier answer.</summary>
    public Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, HttpContent? content = null, CancellationToken cancellationToken = default) =>
        _client.SendAsync(
            new HttpRequestMessage(method, new Uri(path, UriKind.RelativeOrAbsolute)) { Content = content },
            HttpCompletionOption.ResponseHeadersRead,
            cancellationToken);

    /// <summary>Reads a manifest and, below it, every manifest and every blob, and checks all digests and sizes.</summary>
    public async Task<StoredImage> ReadImageAsync(string repository, string reference, CancellationToken cancellationToken = default)
    {
        using HttpResponseMessage response = await GetAsync($"/v2/{repository}/manifests/{reference}", cancellationToken);
        await ExpectAsync(response, HttpStatusCode.OK);
        byte[] manifest = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        string digest = OciLayoutBuilder.DigestOf(manifest);
        Assert.Equal(digest, Assert.Single(response.Headers.GetValues("Docker-Content-Digest")));
        Assert.Equal(digest, reference.Contains(':', StringComparison.Ordinal) ? reference : digest);

        using JsonDocument json = JsonDocument.Parse(manifest);
        var children = new List<StoredImage>();
        var blobs = new List<OciDescriptor>();
        if (json.RootElement.TryGetProperty("manifests", out JsonElement manifests))
        {
            foreach (OciDescriptor child in manifests.EnumerateArray().Select(Descriptor))
            {
                StoredImage stored = await ReadImageAsync(repository, child.Digest, cancellationToken);
                Assert.Equal(child.Size, stored.Manifest.Length);
                children.Add(stored);
            }
        }
        else
        {
            blobs.Add(Descriptor(json.RootElement.GetProperty("config")));
            blobs.AddRange(json.RootElement.GetProperty("layers").EnumerateArray().Select(Descriptor));
            foreach (OciDescriptor blob in blobs.DistinctBy(blob => blob.Digest))
            {
                byte[] content = await ReadBlobAsync(repository, blob.Digest, cancellationToken);
                Assert.Equal(blob.Size, content.Length);
            }
        }
        return new StoredImage(digest, response.Content.Headers.ContentType?.MediaType ?? "", manifest, children, blobs);
    }

    /// <summary>Reads a blob and checks its digest.</summary>
    public async Task<byte[]> ReadBlobAsync(string repository, string digest, CancellationToken cancellationToken = default)
    {
        using HttpResponseMessage response = await GetAsync($"/v2/{repository}/blobs/{digest}", cancellationToken);
        await ExpectAsync(response, HttpStatusCode.OK);
        byte[] content = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        Assert.Equal(digest, OciLayoutBuilder.DigestOf(content));
        return content;
    }

    public Task<string[]> ReadTagsAsync(string repository, CancellationToken cancellationToken = default) =>
        ReadListAsync($"/v2/{repository}/tags/list", "tags", cancellationToken);

    public Task<string[]> ReadCatalogAsync(CancellationToken cancellationToken = default) =>
        ReadListAsync("/v2/_catalog", "repositories", cancellationToken);

    /// <summary>Pushes an image or index with all its references; children of an index by digest.</summary>
    public async Task PushImageAsync(
        OciLayoutBuilder layout, OciDescriptor image, string repository, string reference, CancellationToken cancellationToken = default)
    {
        using JsonDocument json = JsonDocument.Parse(layout.Content[image.Digest]);
        if (json.RootElement.TryGetProperty("manifests", out JsonElement manifests))
        {
            foreach (OciDescriptor child in manifests.EnumerateArray().Select(Descriptor))
            {
                await PushImageAsync(layout, child, repository, child.Digest, cancellationToken);
            }
        }
        else
        {
            foreach (JsonElement blob in json.RootElement.GetProperty("layers").EnumerateArray().Append(json.RootElement.GetProperty("config")))
            {
                await PushBlobAsync(repository, layout.Content[Descriptor(blob).Digest], cancellationToken);
            }
        }
        await PushManifestAsync(repository, reference, image.MediaType, layout.Content[image.Digest], cancellationToken);
    }

    /// <summary>POST, one PATCH with chunked transfer encoding and no Content-Range, PUT: the way Docker pushes.</summary>
    public async Task PushBlobAsync(string repository, byte[] content, CancellationToken cancellationToken = default)
    {
        string location = await StartUploadAsync(repository, cancellationToken);
        location = await PatchAsync(location, new ChunkedContent(content), cancellationToken);
        await FinishUploadAsync(location, OciLayoutBuilder.DigestOf(content), cancellationToken: cancellationToken);
    }

    public async Task<string> StartUploadAsync(string repository, CancellationToken cancellationToken = default)
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/", cancellationToken: cancellationToken);
        await ExpectAsync(response, HttpStatusCode.Accepted);
        return LocationOf(response);
    }

    /// <returns>The Location for the next request.</returns>
    public async Task<string> PatchAsync(string location, HttpContent content, CancellationToken cancellationToken = default)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using HttpResponseMessage response = await SendAsync(HttpMethod.Patch, location, content, cancellationToken);
        await ExpectAsync(response, HttpStatusCode.Accepted);
        return LocationOf(response);
    }

    public async Task FinishUploadAsync(
        string location, string digest, HttpContent? rest = null, CancellationToken cancellationToken = default)
    {
        string separator = location.Contains('?', StringComparison.Ordinal) ? "&" : "?";
        string path = $"{location}{separator}digest={Uri.EscapeDataString(digest)}";
        using HttpResponseMessage response = await SendAsync(HttpMethod.Put, path, rest ?? new ByteArrayContent([]), cancellationToken);
        await ExpectAsync(response, HttpStatusCode.Created);
    }

    public async Task PushManifestAsync(
        string repository, string reference, string mediaType, byte[] manifest, CancellationToken cancellationToken = default)
    {
        var content = new ByteArrayContent(manifest);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        using HttpResponseMessage response = await SendAsync(
            HttpMethod.Put, $"/v2/{repository}/manifests/{reference}", content, cancellationToken);
        await ExpectAsync(response, HttpStatusCode.Created);
        Assert.Equal(OciLayoutBuilder.DigestOf(manifest), Assert.Single(response.Headers.GetValues("Docker-Content-Digest")));
    }

    /// <summary>Checks the status. A failure shows the request and the body of the response.</summary>
    public static async Task ExpectAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        if (response.StatusCode != status)
        {
            string body = await response.Content.ReadAsStringAsync();
            Assert.Fail(
                $"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri}\nanswered {(int)response.StatusCode} "
                + $"instead of {(int)status}:\n{response.Headers}{body}");
        }
    }

    public static string LocationOf(HttpResponseMessage response) => Assert.Single(response.Headers.GetValues("Location"));

    /// <summary>Reads all pages, following the links to the next one.</summary>
    private async Task<string[]> ReadListAsync(string path, string property, CancellationToken cancellationToken)
    {
        var entries = new List<string>();
        for (string? page = path; page is not null;)
        {
            using HttpResponseMessage response = await GetAsync(page, cancellationToken);
            await ExpectAsync(response, HttpStatusCode.OK);
            using JsonDocument json = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            entries.AddRange(json.RootElement.GetProperty(property).EnumerateArray().Select(entry => entry.GetString()!));
            page = response.Headers.TryGetValues("Link", out IEnumerable<string>? links) ? links.Single().Split('<', '>')[1] : null;
        }
        return [.. entries];
    }

    private static OciDescriptor Descriptor(JsonElement json) =>
        new(json.GetProperty("mediaType").GetString()!, json.GetProperty("digest").GetString()!, json.GetProperty("size").GetInt64());
}

/// <summary>A body without a length: HTTP/1.1 sends it with chunked transfer encoding.</summary>
internal sealed class ChunkedContent(byte[] content) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync(content).AsTask();

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
