using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Verification;

namespace Registry.Core.Tests.Verification;

/// <summary>Metadata that fails when it is asked about one digest.</summary>
/// <param name="metadata">The metadata.</param>
/// <param name="failing">The digest.</param>
/// <param name="savesAfterwards">False if the progress cannot be saved from then on, as after a kill.</param>
internal sealed class FaultyVerifierMetadata(IVerifierMetadata metadata, Digest failing, bool savesAfterwards) : IVerifierMetadata
{
    private bool _hasFailed;

    public Task<IReadOnlyList<string>> FindDamageAsync() => metadata.FindDamageAsync();

    public Task<IReadOnlyList<StoredContent>> ListStoredAsync(long afterId, int limit) => metadata.ListStoredAsync(afterId, limit);

    public Task<(long Count, long Bytes)> CountStoredAsync() => metadata.CountStoredAsync();

    public Task<long?> FindSizeAsync(Digest digest)
    {
        _hasFailed |= digest == failing;
        return _hasFailed ? throw new StorageException("the metadata could not be read") : metadata.FindSizeAsync(digest);
    }

    public Task<IReadOnlyList<RepositoryName>> FindRepositoriesAsync(Digest digest, int limit) => metadata.FindRepositoriesAsync(digest, limit);

    public Task MarkLostAsync(BlobPlace place) => metadata.MarkLostAsync(place);

    public Task MarkFoundAsync(BlobPlace place) => metadata.MarkFoundAsync(place);

    public Task<VerificationProgress> ReadProgressAsync() => metadata.ReadProgressAsync();

    public Task SaveProgressAsync(VerificationProgress progress) =>
        _hasFailed && !savesAfterwards ? throw new StorageException("the metadata could not be written") : metadata.SaveProgressAsync(progress);
}
