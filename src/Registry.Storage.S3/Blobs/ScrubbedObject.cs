using System.Security.Cryptography;
using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Verification;

namespace Registry.Storage.S3.Blobs;

/// <summary>Object during verification. Its bytes are read from the answer of the store, which waits while the reader does.</summary>
internal sealed class ScrubbedObject : IScrubbedBlob
{
    private const int PieceSize = 256 * 1024;

    private readonly S3Source _source;
    private readonly IBlobStore _blobs;
    private readonly IncrementalHash _hash;
    private readonly byte[] _piece = new byte[PieceSize];
    private long _position;

    internal ScrubbedObject(BlobPlace place, S3Source source, IBlobStore blobs)
    {
        (Place, _source, _blobs) = (place, source, blobs);
        _hash = Digest.Algorithm.CreateHash();
    }

    public Digest Digest => Place.Known;

    public BlobPlace Place { get; }

    public long Length => _source.Length;

    public async Task<int> ReadPieceAsync()
    {
        if (_position == Length)
        {
            return 0;
        }

        var count = await _source.ReadAsync(_piece.AsMemory(0, (int)Math.Min(PieceSize, Length - _position)), _position, Length, CancellationToken.None);
        _hash.AppendData(_piece, 0, count);
        _position += count;
        return count;
    }

    public bool EndsWhole()
    {
        _position = 0;
        return Digest.FromHash(Digest.Algorithm, _hash.GetHashAndReset()) == Digest;
    }

    // The next read begins a request of its own.
    public void DropFromMemory()
    {
    }

    // A name is never used again, so nothing has to make way. No reader finds the object once its content is recorded as lost.
    public async Task<string?> QuarantineAsync() => await _blobs.StatAsync(Place) is null ? null : Place.Key;

    public void Dispose()
    {
        _source.Close();
        _hash.Dispose();
    }
}
