using Registry.Core.Storage;

namespace Registry.Core.Verification;

/// <summary>Reads stored bytes for the verifier: in parts, and without evicting from memory what pulls need.</summary>
public interface IBlobScrubber
{
    /// <summary>Opens the bytes of a blob; null if they do not exist. The caller disposes the result.</summary>
    /// <exception cref="StorageException">The bytes cannot be opened.</exception>
    Task<IScrubbedBlob?> OpenAsync(BlobPlace place);

    /// <summary>True if the bytes exist.</summary>
    Task<bool> ExistsAsync(BlobPlace place);
}
