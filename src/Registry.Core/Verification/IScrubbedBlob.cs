using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Core.Verification;

/// <summary>Bytes of a blob during verification. One reader reads one part at a time.</summary>
public interface IScrubbedBlob : IDisposable
{
    /// <summary>Expected digest.</summary>
    Digest Digest { get; }

    /// <summary>Place of the bytes.</summary>
    BlobPlace Place { get; }

    /// <summary>Size in bytes.</summary>
    long Length { get; }

    /// <summary>Reads and hashes the next part.</summary>
    /// <returns>Number of bytes of the part; 0 at the end.</returns>
    /// <exception cref="StorageException">The bytes cannot be read.</exception>
    Task<int> ReadPieceAsync();

    /// <summary>True if the bytes that were read have the digest. Starts again at the first byte.</summary>
    bool EndsWhole();

    /// <summary>Evicts the bytes from memory, so that the next read comes from the disk.</summary>
    void DropFromMemory();

    /// <summary>
    /// Moves the bytes into quarantine, durably, unless they were replaced or removed since they were opened. A store that never uses a name again leaves them
    /// in their place. The caller holds the digest's fence.
    /// </summary>
    /// <returns>The new place of the bytes, or their key if they stay; null if they were replaced or removed.</returns>
    /// <exception cref="StorageException">The bytes cannot be moved.</exception>
    Task<string?> QuarantineAsync();
}
