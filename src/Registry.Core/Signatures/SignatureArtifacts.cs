using Registry.Core.Manifests;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Signatures;

/// <summary>
/// Tells signatures and attestations, which need no signature, from images. Who may push but has not the key must not get an image past a rule by calling it a signature, and docker
/// unpacks layers whatever their type. So each layer must look like a document, and no client must be able to unpack it.
/// </summary>
/// <param name="contents">Manifests and blobs.</param>
internal sealed class SignatureArtifacts(ContentInspection contents)
{
    private const int MaxManifest = 256 * 1024;
    private const int MaxLayers = 64;

    // Of an archive in the format tar (POSIX.1-2008, pax, "ustar Interchange Format"): a header, and in it the sum of its bytes, in which its own place counts as spaces.
    private const int HeaderSize = 512;
    private const int SumOffset = 148;
    private const int SumSize = 8;

    private static readonly string[] Types =
    [
        SimpleSigning.MediaType, SigstoreBundle.MediaType, "application/vnd.dsse.envelope.v1+json", "application/vnd.in-toto+json", "application/jose+json",
    ];

    private static ReadOnlySpan<byte> WhiteSpace => " \t\r\n"u8;

    /// <summary>True if a manifest holds nothing but signatures and attestations.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="manifest">The manifest.</param>
    /// <param name="cancellationToken">Ends the wait for the storage.</param>
    public async Task<bool> HoldsAsync(RepositoryName repository, StoredManifest manifest, CancellationToken cancellationToken)
    {
        if (MediaTypes.IsIndex(manifest.MediaType) || manifest.Size > MaxManifest || await contents.ReadAsync(manifest, cancellationToken) is not { } bytes
            || StoredManifestReader.Read(bytes) is not { Layers: { Count: > 0 and <= MaxLayers } layers } || !layers.All(layer => Types.Contains(layer.MediaType)))
        {
            return false;
        }

        foreach (var layer in layers)
        {
            if (await contents.ReadBlobStartAsync(repository, layer.Digest, HeaderSize, cancellationToken) is not { } start || !IsDocument(start.Span))
            {
                return false;
            }
        }

        return true;
    }

    // As JSON begins (RFC 8259): all compressed formats begin with another byte. It has no control characters beside white space.
    private static bool IsDocument(ReadOnlySpan<byte> start)
    {
        var text = start.TrimStart(WhiteSpace);
        return !text.IsEmpty && text[0] == (byte)'{' && !IsArchive(start) && !HasControl(text);
    }

    private static bool HasControl(ReadOnlySpan<byte> text)
    {
        foreach (var value in text)
        {
            if (value < (byte)' ' && !WhiteSpace.Contains(value))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsArchive(ReadOnlySpan<byte> header)
    {
        if (header.Length < HeaderSize)
        {
            return false;
        }

        int unsigned = 0, signed = 0;
        for (var i = 0; i < HeaderSize; i++)
        {
            var value = i is >= SumOffset and < SumOffset + SumSize ? (byte)' ' : header[i];
            unsigned += value;
            signed += (sbyte)value;
        }

        var sum = 0;
        foreach (var digit in header.Slice(SumOffset, SumSize).Trim((byte)' '))
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return false;
            }

            sum = (sum * 8) + (digit - '0');
        }

        return sum == unsigned || sum == signed;
    }
}
