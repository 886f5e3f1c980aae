using System.Globalization;
using Microsoft.AspNetCore.Http;
using Registry.Core.Oci;

namespace Registry.Server.Http;

/// <summary>
/// URLs in Location headers: paths, which work behind any proxy, or absolute URLs when an external URL is configured. Host and forwarded
/// headers do not affect them.
/// </summary>
/// <param name="externalUrl">Scheme and authority that clients use, without a slash at the end; null for paths only.</param>
internal sealed class Locations(string? externalUrl)
{
    public string Blob(RepositoryName repository, Digest digest) => $"{externalUrl}/v2/{repository}/blobs/{digest}";

    public string Manifest(RepositoryName repository, Digest digest) => $"{externalUrl}/v2/{repository}/manifests/{digest}";

    /// <summary>Writes the headers of every response about an upload in progress.</summary>
    public void WriteUpload(HttpResponse response, RepositoryName repository, Guid id, long length)
    {
        var name = id.ToString("D", CultureInfo.InvariantCulture);
        response.Headers.Location = $"{externalUrl}/v2/{repository}/blobs/uploads/{name}?{UploadPosition.Parameter}={UploadPosition.Write(length)}";
        response.Headers["Docker-Upload-UUID"] = name;

        // Inclusive, without a unit; an empty session looks like a session of one byte (OCI distribution-spec, "Pushing a blob in chunks").
        response.Headers.Range = string.Create(CultureInfo.InvariantCulture, $"0-{Math.Max(0, length - 1)}");
    }
}
