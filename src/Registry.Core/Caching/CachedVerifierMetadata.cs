using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Verification;

namespace Registry.Core.Caching;

/// <summary>
/// Metadata for the verifier, next to <see cref="CachedMetadataStore"/>. When content is lost, neither its visibility nor its bytes may come
/// from memory any more.
/// </summary>
/// <param name="metadata">The metadata.</param>
/// <param name="cache">Results cached from it.</param>
/// <param name="forgetContents">Called when bytes are lost.</param>
internal sealed class CachedVerifierMetadata(IVerifierMetadata metadata, MetadataCache cache, Action forgetContents) : IVerifierMetadata
{
    public Task<IReadOnlyList<string>> FindDamageAsync() => metadata.FindDamageAsync();

    public Task<IReadOnlyList<StoredContent>> ListStoredAsync(long afterId, int limit) => metadata.ListStoredAsync(afterId, limit);

    public Task<(long Count, long Bytes)> CountStoredAsync() => metadata.CountStoredAsync();

    public Task<long?> FindSizeAsync(Digest digest) => metadata.FindSizeAsync(digest);

    public Task<IReadOnlyList<RepositoryName>> FindRepositoriesAsync(Digest digest, int limit) => metadata.FindRepositoriesAsync(digest, limit);

    public Task MarkLostAsync(BlobPlace place) => cache.ChangeLinksAsync(async () =>
    {
        await metadata.MarkLostAsync(place);
        forgetContents();
        return true;
    });

    // Negative results are not cached.
    public Task MarkFoundAsync(BlobPlace place) => metadata.MarkFoundAsync(place);

    public Task<VerificationProgress> ReadProgressAsync() => metadata.ReadProgressAsync();

    public Task SaveProgressAsync(VerificationProgress progress) => metadata.SaveProgressAsync(progress);
}
