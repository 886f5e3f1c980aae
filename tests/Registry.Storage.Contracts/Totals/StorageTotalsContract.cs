using Registry.Core.Changes;
using Registry.Core.Errors;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Storage.Contracts.Totals;

/// <summary>Contract of the totals of the storage: each mutation changes them as it changes what they count.</summary>
public abstract class StorageTotalsContract(IMetadataEngine engine) : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly Digest Config = Samples.Digest("config");
    private static readonly byte[] First = Samples.Image("config", [], note: "first");
    private static readonly byte[] Second = Samples.Image("config", [], note: "second one");
    private static readonly StorageTotals Nothing = new(0, 0, 0, 0, 0, 0, 0, 0);

    // The config, of 6 bytes, in A.
    private static readonly StorageTotals OneBlob = Nothing with { Blobs = 1, StoredBytes = 6, LogicalBytes = 6 };

    private IMetadataStore Metadata => engine.Metadata;

    [Fact]
    public async Task Nothing_is_counted_at_first() => await AssertAsync(Nothing);

    [Fact]
    public async Task A_blob_is_stored_once_and_counted_logically_in_each_repository()
    {
        await LinkAsync(A);
        await AssertAsync(OneBlob);
        await LinkAsync(A);
        await AssertAsync(OneBlob);
        await LinkAsync(B);
        await AssertAsync(OneBlob with { LogicalBytes = 12 });
        Assert.True((await Metadata.MountBlobAsync(A, Samples.Repository("c"), Config)).Value);
        Assert.True((await Metadata.MountBlobAsync(A, Samples.Repository("c"), Config)).Value);
        await AssertAsync(OneBlob with { LogicalBytes = 18 });
        Assert.Null((await Metadata.UnlinkBlobAsync(A, Config)).Error);
        await AssertAsync(OneBlob with { LogicalBytes = 12 });
    }

    [Fact]
    public async Task Manifests_tags_and_the_repositories_with_manifests_are_counted()
    {
        await LinkAsync(A);
        await LinkAsync(B);
        var first = new StorageTotals(2, 6 + First.Length, 12 + First.Length, Manifests: 1, Repositories: 1, Tags: 0, Untagged: 1, Changes: 1);
        await PutAsync(A, First);
        await AssertAsync(first);
        await PutAsync(A, First, "v1", "v2");
        await AssertAsync(first with { Tags = 2, Untagged = 0, Changes = 3 });

        // Sets the tag to what it is.
        await PutAsync(A, First, "v2");
        var tagged = first with { Tags = 2, Untagged = 0, Changes = 4 };
        await AssertAsync(tagged);
        await PutAsync(B, First, "v1");
        await AssertAsync(tagged with { LogicalBytes = 12 + (2 * First.Length), Manifests = 2, Repositories = 2, Tags = 3, Changes = 6 });
    }

    [Fact]
    public async Task A_tag_that_moves_or_goes_leaves_an_untagged_manifest()
    {
        await LinkAsync(A);
        await PutAsync(A, First, "v1");
        await PutAsync(A, Second, "v1");
        var size = 6L + First.Length + Second.Length;
        var moved = new StorageTotals(3, size, size, Manifests: 2, Repositories: 1, Tags: 1, Untagged: 1, Changes: 4);
        await AssertAsync(moved);
        await DeleteAsync(A, Tag.Parse("v1"));
        await AssertAsync(moved with { Tags = 0, Untagged = 2, Changes = 5 });
    }

    // The bytes stay until the collector has removed them.
    [Fact]
    public async Task A_manifest_that_is_deleted_takes_its_tags_with_it_and_its_bytes_stay()
    {
        await LinkAsync(A);
        await PutAsync(A, First, "v1", "v2");
        await DeleteAsync(A, Samples.Digest(First));
        await AssertAsync(OneBlob with { Blobs = 2, StoredBytes = 6 + First.Length, Changes = 6 });
        Assert.NotNull(await engine.Collector.CondemnAsync(Samples.Digest(First)));
        await AssertAsync(OneBlob with { Blobs = 2, StoredBytes = 6 + First.Length, Changes = 6 });
        await engine.Collector.ForgetAsync(Samples.Digest(First));
        await AssertAsync(OneBlob with { Changes = 6 });

        await LinkAsync(A);
        await PutAsync(A, First);
        await AssertAsync(new StorageTotals(2, 6 + First.Length, 6 + First.Length, Manifests: 1, Repositories: 1, Tags: 0, Untagged: 1, Changes: 7));
    }

    [Fact]
    public async Task Children_of_an_index_and_referrers_of_a_subject_are_not_untagged()
    {
        await LinkAsync(A);
        var index = Samples.Index([Samples.Child(First)]);
        await PutAsync(A, First);
        Assert.Equal(1, (await engine.ReadTotalsAsync()).Untagged);
        await PutAsync(A, index, "index");
        Assert.Equal(0, (await engine.ReadTotalsAsync()).Untagged);
        var referrer = Samples.Image("config", [], Samples.Child(First));
        await PutAsync(A, referrer);
        Assert.Equal(0, (await engine.ReadTotalsAsync()).Untagged);
        await DeleteAsync(A, Samples.Digest(index));
        Assert.Equal(1, (await engine.ReadTotalsAsync()).Untagged);
        await PutAsync(A, First, "v1");
        Assert.Equal(0, (await engine.ReadTotalsAsync()).Untagged);
        await DeleteAsync(A, Samples.Digest(First));
        Assert.Equal((1, 1), await CountAsync());

        async Task<(long Manifests, long Untagged)> CountAsync()
        {
            var totals = await engine.ReadTotalsAsync();
            return (totals.Manifests, totals.Untagged);
        }
    }

    [Fact]
    public async Task Content_that_a_manifest_only_mentions_counts_when_it_is_stored()
    {
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(A, First).Requiring(ManifestReferences.Sparse))).Error);
        var sparse = new StorageTotals(1, First.Length, First.Length, Manifests: 1, Repositories: 1, Tags: 0, Untagged: 1, Changes: 1);
        await AssertAsync(sparse);
        await LinkAsync(A);
        await LinkAsync(B);
        await AssertAsync(sparse with { Blobs = 2, StoredBytes = 6 + First.Length, LogicalBytes = 12 + First.Length });
    }

    // The repositories still have it, as far as they know.
    [Fact]
    public async Task Lost_content_is_not_stored_until_it_is_found_or_pushed_again()
    {
        await LinkAsync(A);
        var lost = Nothing with { LogicalBytes = 6 };
        await engine.Verifier.MarkLostAsync(Config);
        await AssertAsync(lost);
        await engine.Verifier.MarkFoundAsync(Config);
        await AssertAsync(OneBlob);
        await engine.Verifier.MarkLostAsync(Config);
        await LinkAsync(A);
        await AssertAsync(OneBlob);
        await engine.Verifier.MarkLostAsync(Config);
        Assert.Null((await Metadata.UnlinkBlobAsync(A, Config)).Error);
        await AssertAsync(Nothing);
    }

    [Fact]
    public async Task What_expires_is_not_counted_any_more()
    {
        await LinkAsync(A);
        await LinkAsync(B);
        await PutAsync(A, First);
        var changes = (await engine.ReadTotalsAsync()).Changes;
        Assert.Equal([Samples.Digest(First)], await engine.Collector.ExpireManifestsAsync(A, [Samples.Digest(First)], IdleTimes.Any, withRoots: true));
        await AssertAsync(OneBlob with { Blobs = 2, StoredBytes = 6 + First.Length, LogicalBytes = 12, Changes = changes + 1 });
        Assert.Equal(2, (await engine.Collector.ExpireLinksAsync(IdleTimes.Any, 10)).Count);
        await AssertAsync(Nothing with { Blobs = 2, StoredBytes = 6 + First.Length, Changes = changes + 1 });
    }

    [Fact]
    public async Task A_refused_change_counts_nothing()
    {
        await LinkAsync(A);
        engine.Rules.Blob = _ => new(RegistryErrorCode.Denied);
        engine.Rules.Manifest = _ => new(RegistryErrorCode.Denied);
        Assert.NotNull(await Metadata.LinkBlobAsync(B, Config, 6));
        Assert.NotNull(await Metadata.LinkBlobAsync(B, Samples.Digest("other"), 5));
        Assert.NotNull((await Metadata.PutManifestAsync(Samples.Put(A, First, "v1"))).Error);
        await AssertAsync(OneBlob);
    }

    [Fact]
    public async Task What_was_found_in_a_tree_is_counted_once_and_is_no_change()
    {
        var found = new TreeRepository
        {
            Name = A,
            Manifests = [new(Samples.Digest(First), First.Length, ManifestReader.Read(First, null).Value)],
            Layers = [new(Config, 6)],
            Tags = [new(Tag.Parse("v1"), Samples.Digest(First))],
            TagHistory = [],
        };
        await engine.IndexTarget.AddRepositoryAsync(found);
        await engine.IndexTarget.AddRepositoryAsync(found);
        await AssertAsync(new StorageTotals(2, 6 + First.Length, 6 + First.Length, Manifests: 1, Repositories: 1, Tags: 1, Untagged: 0, Changes: 0));
    }

    [Fact]
    public async Task Changes_of_tags_and_manifests_count_until_they_are_removed_and_those_of_a_restore_do_not()
    {
        await LinkAsync(A);
        await PutAsync(A, First, "v1");
        await PutAsync(A, Second, "v1");
        await DeleteAsync(A, Samples.Digest(First));
        await Metadata.PutManifestAsync(Samples.Put(A, First, "v2") with { Origin = ContractOrigin.Request with { Source = ChangeSource.Restore } });
        await AssertCountedAsync(5);
        await engine.SettleFeedAsync();
        await AssertCountedAsync(5);

        var last = (await engine.ReadChangesAsync())[^1].Sequence;
        await engine.Feed.AcknowledgeAsync(ChangeConsumers.Tree, last);
        await AssertCountedAsync(5);
        await engine.AdvanceAsync(IChangeFeed.Retention + TimeSpan.FromSeconds(1));
        await engine.Feed.TrimAsync();
        await AssertCountedAsync(1);

        async Task AssertCountedAsync(long expected)
        {
            Assert.Equal(expected, (await engine.ReadTotalsAsync()).Changes);
            Assert.Equal(expected, (await engine.ReadChangesAsync()).Count(change =>
                change.Kind is >= ChangeKind.ManifestAdded and <= ChangeKind.TagRemoved && change.Origin.Source != ChangeSource.Restore));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_totals_survive_a_restart(bool cleanly)
    {
        await LinkAsync(A);
        await PutAsync(A, First, "v1");
        var before = await engine.ReadTotalsAsync();
        await engine.ReopenAsync(cleanly);
        await AssertAsync(before);
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task AssertAsync(StorageTotals expected) => Assert.Equal(expected, await engine.ReadTotalsAsync());

    private async Task LinkAsync(RepositoryName repository) => Assert.Null(await Metadata.LinkBlobAsync(repository, Config, 6));

    private async Task PutAsync(RepositoryName repository, byte[] manifest, params string[] tags) =>
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(repository, manifest, tags))).Error);

    private async Task DeleteAsync(RepositoryName repository, Reference reference) =>
        Assert.Null((await Metadata.DeleteManifestAsync(repository, reference, Precondition.None)).Error);
}
