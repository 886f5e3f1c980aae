using System.Security.Cryptography;
using System.Text;
using Registry.Bench.Wire.Http;
using Registry.Core.Oci;

namespace Registry.Bench.Wire;

/// <summary>An image with random layers of given sizes, pushed and pulled as docker does: a HEAD request for each blob, then the missing ones, then the manifest.</summary>
internal sealed class LayeredImage
{
    private const string ConfigType = "application/vnd.oci.image.config.v1+json";
    private const string LayerType = "application/vnd.oci.image.layer.v1.tar+gzip";

    private readonly byte[][] _blobs;
    private readonly byte[] _manifest;

    /// <param name="sizes">Sizes of the layers in bytes.</param>
    public LayeredImage(params int[] sizes)
    {
        var config = Encoding.UTF8.GetBytes($$"""{"architecture":"amd64","os":"linux","id":"{{Guid.NewGuid()}}"}""");
        Layers = [.. sizes.Select(RandomNumberGenerator.GetBytes)];
        _blobs = [config, .. Layers];
        var layers = string.Join(',', Layers.Select(layer => Descriptor(LayerType, layer)));
        _manifest = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{Descriptor(ConfigType, config)}},"layers":[{{layers}}]}""");
        Digest = DigestOf(_manifest);
    }

    /// <summary>Digest of the manifest.</summary>
    public string Digest { get; }

    /// <summary>The layers.</summary>
    public IReadOnlyList<byte[]> Layers { get; }

    /// <summary>Digest of content.</summary>
    public static string DigestOf(byte[] content) => DigestAlgorithm.Sha256.Compute(content).ToString();

    /// <summary>Pushes the image.</summary>
    /// <param name="connection">Connection to the registry.</param>
    /// <param name="repository">The repository.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="isKnown">True if the repository has the blobs already.</param>
    public void Push(HttpConnection connection, string repository, string tag, bool isKnown)
    {
        foreach (var blob in _blobs)
        {
            connection.Exchange(isKnown ? 200 : 404, "HEAD", $"/v2/{repository}/blobs/{DigestOf(blob)}");
            if (!isKnown)
            {
                SmallImages.PushBlob(connection, repository, blob);
            }
        }

        connection.Exchange(201, "PUT", $"/v2/{repository}/manifests/{tag}", _manifest, MediaTypes.OciManifest);
    }

    /// <summary>Pulls the image.</summary>
    public void Pull(HttpConnection connection, string repository, string tag)
    {
        connection.Get($"/v2/{repository}/manifests/{tag}", MediaTypes.OciManifest);
        foreach (var blob in _blobs)
        {
            connection.Discard($"/v2/{repository}/blobs/{DigestOf(blob)}");
        }
    }

    private static string Descriptor(string type, byte[] content) => $$"""{"mediaType":"{{type}}","digest":"{{DigestOf(content)}}","size":{{content.Length}}}""";
}
