using Registry.Core.Oci;

namespace Registry.Core.Storage.Caching;

/// <summary>
/// The verifier's metadata, beside <see cref="CachedMetadataStore"/>. What is lost is not answered from memory: neither that it can be seen,
/// nor its bytes.
/// </summary>
/// <param name="metadata">The metadata.</param>
/// <param name="cache">What was answered from it.</param>
/// <param name="forgetContents">Called when bytes are lost.</param>
internal sealed class CachedVerifierMetadata(IVerifierMetadata metadata, MetadataCache cache, Action forgetContents) : IVerifierMetadata
{
    public Task<IReadOnlyList<string>> FindDamageAsync() => metadata.FindDamageAsync();

    public Task<IReadOnlyList<StoredContent>> ListStoredAsync(long afterId, int limit) => metadata.ListStoredAsync(afterId, limit);

    public Task<(long Count, long Bytes)> CountStoredAsync() => metadata.CountStoredAsync();

    public Task<long?> FindSizeAsync(Digest digest) => metadata.FindSizeAsync(digest);

    public Task<IReadOnlyList<RepositoryName>> FindRepositoriesAsync(Digest digest, int limit) => metadata.FindRepositoriesAsync(digest, limit);

    public Task MarkLostAsync(Digest digest) => cache.ChangeLinksAsync(async () =>
    {
        await metadata.MarkLostAsync(digest);
        forgetContents();
        return true;
    });

    // That something is not there is not answered from memory.
    public Task MarkFoundAsync(Digest digest) => metadata.MarkFoundAsync(digest);

    public Task<VerificationProgress> ReadProgressAsync() => metadata.ReadProgressAsync();

    public Task SaveProgressAsync(VerificationProgress progress) => metadata.SaveProgressAsync(progress);
}
