using Registry.Core.Oci;

namespace Registry.Core.Storage;

/// <summary>Whose uploads are in progress, remembered across restarts. How far each has got is known to whoever keeps its bytes.</summary>
/// <remarks>Every member throws <see cref="StorageException"/> when the storage fails.</remarks>
public interface IUploadSessions
{
    /// <summary>All sessions.</summary>
    IReadOnlyList<StoredUploadSession> Load();

    /// <summary>Remembers a session. Durable when the task ends.</summary>
    Task AddAsync(StoredUploadSession session);

    /// <summary>Forgets a session.</summary>
    Task RemoveAsync(Guid id);
}

/// <summary>What is remembered of an upload in progress.</summary>
/// <param name="Id">Its name in URLs.</param>
/// <param name="Repository">The repository the blob goes to.</param>
/// <param name="Owner">The user who began it; null for an anonymous one.</param>
/// <param name="Algorithm">The algorithm its digest is expected in.</param>
public sealed record StoredUploadSession(Guid Id, RepositoryName Repository, string? Owner, DigestAlgorithm Algorithm);
