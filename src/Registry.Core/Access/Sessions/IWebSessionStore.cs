namespace Registry.Core.Access.Sessions;

/// <summary>Log-ins to the web interface, which all nodes share. They are no content: a backup or a move has none.</summary>
/// <remarks>Every member throws <see cref="Storage.StorageException"/> when the storage fails.</remarks>
public interface IWebSessionStore
{
    /// <summary>Adds a session. Of more sessions of the user than <paramref name="limit"/>, those that began first are removed.</summary>
    /// <param name="session">The session.</param>
    /// <param name="limit">Largest number of sessions of a user, 1 or more.</param>
    Task AddAsync(WebSession session, int limit);

    /// <summary>Finds a session; null if there is none.</summary>
    Task<WebSession?> FindAsync(byte[] key);

    /// <summary>Records a use. Nothing happens if there is no such session.</summary>
    Task UseAsync(byte[] key, DateTimeOffset usedAt);

    /// <summary>Removes a session. Nothing happens if there is none.</summary>
    Task RemoveAsync(byte[] key);

    /// <summary>Removes the sessions that were last used before a time.</summary>
    Task RemoveUnusedAsync(DateTimeOffset usedBefore);
}
