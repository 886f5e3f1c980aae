using System.Security.Cryptography;
using Registry.Core.Caching;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Core.Verification;

namespace Registry.Storage.Metadata;

/// <summary>
/// The metadata of a storage, in one of the engines. What only one of them has is a member of its own class, so that the server asks a storage for no more than there
/// is.
/// </summary>
internal interface IStoredMetadata : IAsyncDisposable
{
    /// <summary>Name of the place for people, such as <c>/var/lib/registry</c>.</summary>
    string Name { get; }

    /// <summary>Ports of the engine.</summary>
    MetadataPorts Ports { get; }

    /// <summary>Tells whether writes have stopped after a failure of the disk.</summary>
    StorageHealth Health { get; }

    /// <summary>True if the last process that used the metadata alone was killed or crashed.</summary>
    bool WasStoppedUncleanly { get; }

    /// <summary>Metadata for the verifier.</summary>
    /// <param name="contents">Content in memory, which is forgotten when bytes are lost.</param>
    IVerifierMetadata OpenVerifierMetadata(ContentCache contents);

    /// <summary>Quarantine of damaged rows of a storage whose small content stays in the metadata.</summary>
    /// <param name="metadata">Metadata for the verifier.</param>
    IStagedQuarantine OpenQuarantine(IVerifierMetadata metadata);

    /// <summary>Refuses while the metadata takes no new content.</summary>
    /// <exception cref="StorageException">There is no room, or writes have stopped.</exception>
    ValueTask EnsureRoomAsync();

    /// <summary>Uploads whose bytes leave the machine, with the refusals of the metadata.</summary>
    IUploadBytes Admit(IUploadBytes bytes);

    /// <summary>Refuses a bucket while the bytes that the metadata knows are elsewhere.</summary>
    /// <exception cref="StorageChoiceException">They are.</exception>
    Task CheckBucketAsync();

    /// <summary>Records that the bytes are in a bucket.</summary>
    Task RecordBucketAsync();

    /// <summary>Reads the signing key of the built-in token service, and makes it if there is none.</summary>
    /// <exception cref="StorageException">It cannot be read or made.</exception>
    /// <exception cref="FormatException">What is there is no such key.</exception>
    /// <exception cref="IOException">Its file cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">The process lacks the permission, or the file is open to other users.</exception>
    Task<ECDsa> OpenTokenKeyAsync();

    /// <summary>Replaces the signing key of the built-in token service.</summary>
    /// <param name="key">A private key on P-256.</param>
    /// <exception cref="StorageException">It cannot be written.</exception>
    /// <exception cref="IOException">Its file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The process lacks the permission.</exception>
    Task ReplaceTokenKeyAsync(ECDsa key);

    /// <summary>Place of the mark of a move, and how to remove it, for people: <c>remove the file …</c>.</summary>
    string HowToUnmark { get; }

    /// <summary>Reads the mark of a move; null if there is none.</summary>
    /// <exception cref="StorageException">It cannot be read.</exception>
    Task<MigrationMark?> ReadMigrationAsync();

    /// <summary>Replaces the mark of a move.</summary>
    /// <param name="mark">The new mark; null for none.</param>
    /// <exception cref="StorageException">It cannot be written.</exception>
    Task MarkMigrationAsync(MigrationMark? mark);

    /// <summary>True if other processes use the metadata now.</summary>
    /// <exception cref="StorageException">It cannot be read.</exception>
    Task<bool> IsUsedByOthersAsync();

    /// <summary>Reads the totals.</summary>
    /// <exception cref="StorageException">They cannot be read.</exception>
    Task<StorageTotals> ReadTotalsAsync();

    /// <summary>Tests that the metadata can be written.</summary>
    /// <exception cref="StorageException">It cannot.</exception>
    Task TryWriteAsync();
}
