using System.Security.Cryptography;
using System.Text;
using Registry.Bench.Wire.Http;
using Registry.Core.Oci;

namespace Registry.Bench.Wire;

/// <summary>
/// Pushes and pulls small images (a config, two layers of 4 KiB, a manifest) as a build farm does: several at once, each on a separate
/// connection.
/// </summary>
internal sealed class SmallImages(ServerAddress server)
{
    public const int LayerSize = 4096;
    private const string LayerType = "application/vnd.oci.image.layer.v1.tar";

    /// <summary>Pushes images with different content under the tags t0, t1, …</summary>
    public void Push(string repository, int count, int atOnce) => Run(count, atOnce, (connection, i) => Push(connection, repository, $"t{i}"));

    /// <summary>Pulls the images pushed by <see cref="Push(string, int, int)"/> in turn.</summary>
    public void Pull(string repository, int count, int pushed, int atOnce) =>
        Run(count, atOnce, (connection, i) => Pull(connection, repository, $"t{i % pushed}"));

    /// <summary>Pushes one image.</summary>
    /// <returns>The digests of its manifest and of its first layer.</returns>
    public static (string Manifest, string Layer) Push(HttpConnection connection, string repository, string tag)
    {
        var config = Encoding.UTF8.GetBytes($$"""{"architecture":"amd64","os":"linux","id":"{{Guid.NewGuid()}}"}""");
        var configDigest = PushBlob(connection, repository, config);
        var first = PushBlob(connection, repository, RandomNumberGenerator.GetBytes(LayerSize));
        var second = PushBlob(connection, repository, RandomNumberGenerator.GetBytes(LayerSize));
        var manifest = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}",
             "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{configDigest}}","size":{{config.Length}}},
             "layers":[{"mediaType":"{{LayerType}}","digest":"{{first}}","size":{{LayerSize}}},
                       {"mediaType":"{{LayerType}}","digest":"{{second}}","size":{{LayerSize}}}]}
            """);
        connection.Exchange(201, "PUT", $"/v2/{repository}/manifests/{tag}", manifest, MediaTypes.OciManifest);
        return (DigestAlgorithm.Sha256.Compute(manifest).ToString(), first);
    }

    /// <summary>Pushes a blob in two requests, as all clients do.</summary>
    /// <returns>Its digest.</returns>
    public static string PushBlob(HttpConnection connection, string repository, byte[] bytes)
    {
        var digest = DigestAlgorithm.Sha256.Compute(bytes).ToString();
        var location = connection.Exchange(202, "POST", $"/v2/{repository}/blobs/uploads/").Location;
        connection.Exchange(201, "PUT", Uploads.WithDigest(location, digest), bytes, "application/octet-stream");
        return digest;
    }

    private static void Pull(HttpConnection connection, string repository, string tag)
    {
        var manifest = ManifestReader.Read(connection.Get($"/v2/{repository}/manifests/{tag}", MediaTypes.OciManifest), MediaTypes.OciManifest).Value;
        foreach (var blob in manifest.Blobs)
        {
            connection.Discard($"/v2/{repository}/blobs/{blob.Digest}");
        }
    }

    private void Run(int count, int atOnce, Action<HttpConnection, int> work)
    {
        var next = -1;
        AtOnce.Run(atOnce, _ =>
        {
            using var connection = new HttpConnection(server);
            for (int i; (i = Interlocked.Increment(ref next)) < count;)
            {
                work(connection, i);
            }
        });
    }
}
