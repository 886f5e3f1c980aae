using System.IO.Compression;
using System.Security.Cryptography;

namespace Registry.Server.Web.Assets;

/// <summary>A file of the web interface. Its name has a hash of its content, so a browser may keep it for ever.</summary>
internal sealed class Asset
{
    // 64 bits tell versions of a file apart.
    private const int HashLength = 16;

    private readonly Lazy<byte[]> _brotli;
    private readonly Lazy<byte[]> _gzip;

    /// <summary>Takes the content of a file.</summary>
    /// <param name="file">Name of the file, such as <c>site.css</c>.</param>
    /// <param name="mediaType">Its type.</param>
    /// <param name="content">Its bytes.</param>
    public Asset(string file, string mediaType, byte[] content)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(content))[..HashLength];
        Name = $"{System.IO.Path.GetFileNameWithoutExtension(file)}.{hash}{System.IO.Path.GetExtension(file)}";
        MediaType = mediaType;
        Content = content;

        // When the first browser asks: no start of a registry waits for it. It takes some 20 ms.
        _brotli = new Lazy<byte[]>(() => Compress(to => new BrotliStream(to, CompressionLevel.SmallestSize)));
        _gzip = new Lazy<byte[]>(() => Compress(to => new GZipStream(to, CompressionLevel.SmallestSize)));
    }

    /// <summary>Name with the hash, such as <c>site.0123456789abcdef.css</c>.</summary>
    public string Name { get; }

    /// <summary>Path of the file on this site.</summary>
    public string Path => $"/-/assets/{Name}";

    /// <summary>Media type.</summary>
    public string MediaType { get; }

    /// <summary>The bytes.</summary>
    public byte[] Content { get; }

    /// <summary>The bytes in the best encoding that a client accepts.</summary>
    /// <param name="acceptEncoding">The Accept-Encoding header.</param>
    /// <returns>The bytes, and their Content-Encoding; null for none.</returns>
    public (byte[] Bytes, string? Encoding) For(string acceptEncoding) =>
        Accepts(acceptEncoding, "br") ? (_brotli.Value, "br")
        : Accepts(acceptEncoding, "gzip") ? (_gzip.Value, "gzip")
        : (Content, null);

    // RFC 9110, section 12.5.3: a weight of 0 refuses an encoding.
    private static bool Accepts(string header, string encoding) => header.Split(',').Any(entry =>
    {
        var parts = entry.Split(';', StringSplitOptions.TrimEntries);
        return parts[0].Equals(encoding, StringComparison.OrdinalIgnoreCase)
            && !(parts.Length > 1 && parts[1] is "q=0" or "q=0.0" or "q=0.00" or "q=0.000");
    });

    private byte[] Compress(Func<Stream, Stream> open)
    {
        using var compressed = new MemoryStream();
        using (var stream = open(compressed))
        {
            stream.Write(Content);
        }

        return compressed.ToArray();
    }
}
