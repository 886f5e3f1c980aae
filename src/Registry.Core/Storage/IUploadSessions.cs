namespace Registry.Core.Storage;

/// <summary>Whose uploads are in progress, remembered across restarts. How far each has got is known to whoever keeps its bytes.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IUploadSessions
{
    /// <summary>All sessions.</summary>
    IReadOnlyList<StoredUploadSession> Load();

    /// <summary>Remembers a session, across the end of the process, but perhaps not a power cut: a client begins it again.</summary>
    Task AddAsync(StoredUploadSession session);

    /// <summary>Forgets a session.</summary>
    Task RemoveAsync(Guid id);
}
