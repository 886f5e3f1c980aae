using Registry.Core.Indexing;
using Registry.Core.Oci;

namespace Registry.Storage.Files.Tests.Tree;

/// <summary>Listing whose links wait until the test has seen that they are asked for.</summary>
internal sealed class GatedListing(IMetadataListing listing) : IMetadataListing
{
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when links are asked for.</summary>
    public Task Asked => _asked.Task;

    public void Open() => _open.SetResult();

    public Task<IReadOnlyList<RepositoryName>> ListRepositoriesAsync(RepositoryName? after, int limit) => listing.ListRepositoriesAsync(after, limit);

    public Task<RepositoryContents> ReadAsync(RepositoryName repository) => listing.ReadAsync(repository);

    public async Task<IReadOnlyList<TreeLink>> ListLinksAsync(RepositoryName repository, TreeLink? after, int limit)
    {
        _asked.TrySetResult();
        await _open.Task;
        return await listing.ListLinksAsync(repository, after, limit);
    }
}
