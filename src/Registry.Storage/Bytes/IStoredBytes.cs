using Registry.Core.Blobs;
using Registry.Core.Caching;
using Registry.Core.Collection;
using Registry.Core.Indexing;
using Registry.Core.SmallContent;
using Registry.Core.Uploads;
using Registry.Core.Verification;

namespace Registry.Storage.Bytes;

/// <summary>
/// The bytes of a storage, in one of the engines: the ports that each engine has. What only one of them has is a member of its own class, so that the
/// server asks a storage for no more than there is.
/// </summary>
internal interface IStoredBytes : IAsyncDisposable
{
    /// <summary>Blobs, with the small content that is in the metadata.</summary>
    IBlobStore Blobs { get; }

    /// <summary>Admits small content into the metadata.</summary>
    Staging Staging { get; }

    /// <summary>Bytes of uploads in progress.</summary>
    IUploadBytes UploadBytes { get; }

    /// <summary>Blobs for the verifier.</summary>
    IBlobScrubber Scrub { get; }

    /// <summary>Takes damaged rows out of the metadata; exists from <see cref="Begin"/> on.</summary>
    IStagedQuarantine Quarantine { get; }

    /// <summary>Links to bytes that the metadata does not know; null if there are none to look for.</summary>
    ILinkSearch? Links { get; }

    /// <summary>Indexing of an existing tree; exists from <see cref="Begin"/> on.</summary>
    IIndexer Indexer { get; }

    /// <summary>Blobs for pulls.</summary>
    /// <param name="contents">The blobs, with small content in memory.</param>
    IBlobReader Serve(ContentCache contents);

    /// <summary>Begins the work that follows the metadata of a storage, at once.</summary>
    /// <param name="storage">The storage, all of whose metadata is there.</param>
    void Begin(RegistryStorage storage);

    /// <summary>Brings up to date what follows the metadata. Nothing may change any more.</summary>
    /// <param name="cutOff">Ends the work, and the next start continues.</param>
    ValueTask FinishAsync(CancellationToken cutOff);
}
