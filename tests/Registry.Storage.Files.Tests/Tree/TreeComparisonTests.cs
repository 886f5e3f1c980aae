using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Files.Tree;

namespace Registry.Storage.Files.Tests.Tree;

/// <summary>Comparisons of the tree with metadata that change meanwhile.</summary>
public class TreeComparisonTests
{
    private static readonly RepositoryName App = Samples.Repository("team/app");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Blobs_that_are_pushed_while_it_runs_are_no_difference_and_a_lost_link_is_one(bool isLost)
    {
        await using var storage = await TestStorage.CreateAsync();
        var files = storage.Storage.Files!;
        var lost = await storage.PushBlobAsync(App, "lost");
        await files.CatchUpAsync(TestContext.Current.CancellationToken);
        if (isLost)
        {
            Directory.Delete(storage.Paths.Layer(App, lost), recursive: true);
        }

        // The tree has each change at once, and the feed forgets it, as it does when the writer of the tree syncs.
        var pushed = 0;
        var changes = storage.Storage.Changes;
        var listing = new ChangingListing(storage.Storage.Listing, async () =>
        {
            await storage.PushBlobAsync(App, $"blob {pushed++}");
            await files.CatchUpAsync(TestContext.Current.CancellationToken);
            await changes.AcknowledgeAsync(ChangeConsumers.Tree, await changes.FindEndAsync());
        });
        var following = new TreeFollowing(changes, async cancellationToken =>
        {
            await storage.PushBlobAsync(App, $"blob {pushed++}");
            await files.CatchUpAsync(cancellationToken);
        });
        var comparison = new TreeComparison(files.Tree, listing, storage.Storage.Threads, following);

        var differences = await comparison.FindAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);

        Assert.True(pushed >= 3);
        Assert.Equal(isLost ? [App] : [], differences.Select(difference => difference.Repository));
        Assert.All(differences, difference => Assert.Equal([lost], difference.Recorded.Blobs.Except(difference.Found!.Blobs)));
    }
}
