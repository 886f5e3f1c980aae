using Registry.Core.Storage;

namespace Registry.Core.Uploads;

/// <summary>Stores the sessions of uploads in progress across restarts. Their lengths are not stored here, but with their bytes.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IUploadSessions
{
    /// <summary>Loads all sessions.</summary>
    IReadOnlyList<StoredUploadSession> Load();

    /// <summary>Stores a session. It survives the end of the process, but perhaps not a power cut: a client then begins again.</summary>
    Task AddAsync(StoredUploadSession session);

    /// <summary>Removes a session.</summary>
    Task RemoveAsync(Guid id);
}
