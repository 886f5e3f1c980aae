using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Metadata;

/// <summary>Contract of <see cref="IMetadataListing"/>, together with its metadata.</summary>
public abstract class MetadataListingContract(IMetadataEngine engine) : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");

    [Fact]
    public async Task Nothing_is_listed_at_first()
    {
        Assert.Empty(await engine.Listing.ListRepositoriesAsync(null, 10));
        Assert.True((await engine.Listing.ReadAsync(A)).IsEmpty);
    }

    [Fact]
    public async Task Repositories_are_listed_in_the_order_of_their_names_and_in_parts()
    {
        // "-" and "." come before "/", and "_" after it.
        string[] names = ["team", "team-b/a", "team.b", "team/a", "team/b", "team_b", "zoo"];
        foreach (var name in names.AsEnumerable().Reverse())
        {
            await engine.Metadata.LinkBlobAsync(Samples.Repository(name), Samples.Digest("blob"), 4);
        }

        var listed = new List<string>();
        for (RepositoryName? last = null; await engine.Listing.ListRepositoriesAsync(last, 3) is { Count: > 0 } page; last = page[^1])
        {
            Assert.InRange(page.Count, 1, 3);
            listed.AddRange(page.Select(repository => repository.Value));
        }

        Assert.Equal(names, listed);
    }

    [Fact]
    public async Task A_repository_has_its_tags_manifests_and_blobs_and_no_others()
    {
        var other = Samples.Repository("b");
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("idle"), 4);
        await engine.Metadata.LinkBlobAsync(other, Samples.Digest("config"), 6);
        var (first, second) = (Samples.Image("config", [], note: "first"), Samples.Image("config", [], note: "second"));
        await engine.Metadata.PutManifestAsync(Samples.Put(A, first, "v1"));
        await engine.Metadata.PutManifestAsync(Samples.Put(A, second, "v1"));
        await engine.Metadata.PutManifestAsync(Samples.Put(A, second, "v2"));
        await engine.Metadata.PutManifestAsync(Samples.Put(other, first, "other"));

        var contents = await engine.Listing.ReadAsync(A);
        Assert.Equal(
            new Dictionary<Tag, Digest> { [Tag.Parse("v1")] = Samples.Digest(second), [Tag.Parse("v2")] = Samples.Digest(second) },
            contents.Tags);
        Assert.Equal(new HashSet<Digest> { Samples.Digest(first), Samples.Digest(second) }, contents.Manifests);
        Assert.Equal(new HashSet<Digest> { Samples.Digest("config"), Samples.Digest("idle") }, contents.Blobs);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(100)]
    public async Task The_links_of_a_repository_are_listed_in_parts(int limit)
    {
        var (first, second) = (Samples.Image("config", [], note: "first"), Samples.Image("config", [], note: "second"));
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("idle"), 4);
        await engine.Metadata.PutManifestAsync(Samples.Put(A, first, "v1", "v2"));
        await engine.Metadata.PutManifestAsync(Samples.Put(A, second, "v1", "v3"));
        await engine.Metadata.LinkBlobAsync(Samples.Repository("b"), Samples.Digest("other"), 4);

        var listed = new List<string>();
        for (IReadOnlyList<TreeLink> page = []; ;)
        {
            page = await engine.Listing.ListLinksAsync(A, page.Count == 0 ? null : page[^1], limit);
            listed.AddRange(page.Select(link => $"{link.Kind} {link.Tag} {link.Digest}"));
            if (page.Count < limit)
            {
                break;
            }
        }

        Assert.Equal(
            new[]
            {
                $"Blob  {Samples.Digest("config")}", $"Blob  {Samples.Digest("idle")}", $"Manifest  {Samples.Digest(first)}", $"Manifest  {Samples.Digest(second)}",
                $"TagHistory v1 {Samples.Digest(first)}", $"TagHistory v1 {Samples.Digest(second)}", $"TagHistory v2 {Samples.Digest(first)}",
                $"TagHistory v3 {Samples.Digest(second)}", $"Tag v1 {Samples.Digest(second)}", $"Tag v2 {Samples.Digest(first)}", $"Tag v3 {Samples.Digest(second)}",
            },
            listed);
        Assert.Empty(await engine.Listing.ListLinksAsync(Samples.Repository("unknown"), null, limit));
    }

    [Fact]
    public async Task What_was_deleted_is_not_listed()
    {
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        var image = Samples.Image("config", []);
        await engine.Metadata.PutManifestAsync(Samples.Put(A, image, "v1"));
        await engine.Metadata.DeleteManifestAsync(A, Samples.Digest(image), Precondition.None);

        var contents = await engine.Listing.ReadAsync(A);
        Assert.Empty(contents.Tags);
        Assert.Empty(contents.Manifests);
        Assert.Equal(Samples.Digest("config"), Assert.Single(contents.Blobs));
    }

    [Fact]
    public async Task Content_that_was_lost_is_listed_as_recorded()
    {
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("blob"), 4);
        await engine.Verifier.MarkLostAsync(Samples.Digest("blob"));
        Assert.Null(await engine.Metadata.FindBlobAsync(A, Samples.Digest("blob")));
        Assert.Equal(Samples.Digest("blob"), Assert.Single((await engine.Listing.ReadAsync(A)).Blobs));
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
