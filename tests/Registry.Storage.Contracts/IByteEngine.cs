using Registry.Core.Blobs;
using Registry.Core.Metadata;
using Registry.Core.Uploads;
using Registry.Core.Uploads.Sessions;

namespace Registry.Storage.Contracts;

/// <summary>Engine for blobs and uploads under a contract suite: empty at first, removed when it is disposed.</summary>
public interface IByteEngine : IAsyncDisposable
{
    IBlobStore Blobs { get; }

    IUploadBytes UploadBytes { get; }

    /// <summary>Uploads whose bytes are <see cref="UploadBytes"/>.</summary>
    UploadStore Uploads { get; }

    /// <summary>Sessions of <see cref="Uploads"/>.</summary>
    IUploadSessions Sessions { get; }

    /// <summary>Opens the sessions as another process does.</summary>
    IUploadSessions OpenSessions();

    /// <summary>Metadata with the upload sessions.</summary>
    IMetadataStore Metadata { get; }

    /// <summary>True if a listing tells the digests of the places.</summary>
    bool ListsDigests { get; }

    /// <summary>True if content that is open is read on after its deletion. In a store that deletes by itself, only the delay of deletions lets a reader go on.</summary>
    bool KeepsOpenContent { get; }

    /// <summary>Closes the engine and opens it on the same storage, as a restart of the server does.</summary>
    Task ReopenAsync();

    /// <summary>Advances the clock.</summary>
    void Advance(TimeSpan time);
}
