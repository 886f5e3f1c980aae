using Registry.Core.Storage;

namespace Registry.Core.SmallContent;

/// <summary>Takes damaged rows out of the metadata: bytes that do not have their digest must not become a file under a good name.</summary>
public interface IStagedQuarantine
{
    /// <summary>
    /// Removes a damaged row. If an intact file has the content, that is all; otherwise the bytes go into quarantine, and the content is lost until a
    /// client pushes it again. The caller holds the digest's fence, if the store of the files has one.
    /// </summary>
    /// <returns>Where the bytes are now, for the log; null if an intact file has the content, or other bytes were pushed meanwhile.</returns>
    /// <exception cref="StorageException">The bytes cannot be moved; the row is unchanged.</exception>
    Task<string?> TakeAsync(StagedContent damaged);
}
