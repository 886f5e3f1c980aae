using System.Security.Cryptography;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Core.Uploads.InProgress;

/// <summary>
/// Hashes of uploads that a process has received from their first byte on, between two of its requests. One is good only if the process acquires the session again
/// and no other did in between: its generation is the next one. When there are too many, the oldest goes.
/// </summary>
internal sealed class KeptHashes
{
    private const int Limit = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, LinkedListNode<Kept>> _places = [];
    private readonly LinkedList<Kept> _oldestFirst = new();

    /// <summary>Keeps a hash.</summary>
    /// <param name="lease">The session, as it was held.</param>
    /// <param name="length">Number of hashed bytes.</param>
    /// <param name="hash">The hash, which belongs to this class from now on.</param>
    /// <param name="algorithm">Its algorithm.</param>
    public void Keep(UploadLease lease, long length, IncrementalHash hash, DigestAlgorithm algorithm)
    {
        lock (_lock)
        {
            Remove(lease.Id)?.Hash.Dispose();
            _places.Add(lease.Id, _oldestFirst.AddLast(new Kept(lease, length, hash, algorithm)));
            if (_oldestFirst.Count > Limit)
            {
                Remove(_oldestFirst.First!.Value.Lease.Id)?.Hash.Dispose();
            }
        }
    }

    /// <summary>Takes the hash of a session that was acquired again; null if it is not kept, or no longer good.</summary>
    /// <param name="lease">The session, as it is held now.</param>
    /// <param name="length">Number of its bytes.</param>
    public (IncrementalHash Hash, DigestAlgorithm Algorithm)? Take(UploadLease lease, long length)
    {
        lock (_lock)
        {
            if (Remove(lease.Id) is not { } kept)
            {
                return null;
            }

            if (kept.Lease.Generation == lease.Generation - 1 && kept.Length == length)
            {
                return (kept.Hash, kept.Algorithm);
            }

            kept.Hash.Dispose();
            return null;
        }
    }

    private Kept? Remove(Guid id)
    {
        if (!_places.Remove(id, out var place))
        {
            return null;
        }

        _oldestFirst.Remove(place);
        return place.Value;
    }

    private sealed record Kept(UploadLease Lease, long Length, IncrementalHash Hash, DigestAlgorithm Algorithm);
}
