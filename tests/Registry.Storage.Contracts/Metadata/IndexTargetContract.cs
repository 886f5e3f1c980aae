using Registry.Core.Changes;
using Registry.Core.Collection.Records;
using Registry.Core.Indexing;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Metadata;

/// <summary>Contract of <see cref="IIndexTarget"/>, together with its metadata.</summary>
public abstract class IndexTargetContract(IMetadataEngine engine) : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("team/app");
    private static readonly byte[] First = Samples.Image("config", [Samples.Layer("layer")], note: "first");
    private static readonly byte[] Second = Samples.Image("config", [], Samples.Child(First), "x/y", "second");

    private static readonly TreeRepository Found = new()
    {
        Name = A,
        Manifests = [Manifest(First), Manifest(Second)],
        Layers = [new(Samples.Digest("config"), 6), new(Samples.Digest("layer"), 5), new(Samples.Digest("idle"), 4)],
        Tags = [new(Tag.Parse("latest"), Samples.Digest(Second))],
        TagHistory = [new(Tag.Parse("latest"), Samples.Digest(First)), new(Tag.Parse("latest"), Samples.Digest(Second))],
    };

    private IMetadataStore Metadata => engine.Metadata;

    [Fact]
    public async Task A_new_store_is_incomplete_until_it_is_marked_complete_and_stays_complete()
    {
        Assert.False(engine.IndexTarget.IsComplete);
        await engine.IndexTarget.AddRepositoryAsync(Found);
        await engine.ReopenAsync();
        Assert.False(engine.IndexTarget.IsComplete);
        await engine.IndexTarget.CompleteAsync();
        Assert.True(engine.IndexTarget.IsComplete);
        await engine.ReopenAsync(cleanly: false);
        Assert.True(engine.IndexTarget.IsComplete);
    }

    [Fact]
    public async Task What_was_found_in_the_tree_is_answered()
    {
        await engine.IndexTarget.AddRepositoryAsync(Found);
        await AssertAnswersAsync();
    }

    [Fact]
    public async Task Doing_it_again_changes_nothing()
    {
        await engine.IndexTarget.AddRepositoryAsync(Found);
        await engine.IndexTarget.AddRepositoryAsync(Found);
        await engine.ReopenAsync();
        await engine.IndexTarget.AddRepositoryAsync(Found);
        await AssertAnswersAsync();
        foreach (var manifest in new[] { First, Second })
        {
            Assert.Null((await Metadata.DeleteManifestAsync(A, Samples.Digest(manifest), Precondition.None)).Error);
        }

        Assert.Empty((await Metadata.ListRepositoriesAsync([RepositoryRange.All], null, 10)).Items);
    }

    [Fact]
    public async Task What_a_manifest_needs_is_held_and_the_rest_begins_its_grace_now()
    {
        await engine.AdvanceAsync(TimeSpan.FromSeconds(10));
        await engine.IndexTarget.AddRepositoryAsync(Found);
        Assert.Empty(await engine.Collector.ExpireLinksAsync(engine.IdleBefore(10), 10));
        Assert.Equal([new BlobLink(A, Samples.Digest("idle"))], await engine.Collector.ExpireLinksAsync(IdleTimes.Any, 10));
    }

    [Fact]
    public async Task The_history_of_a_tag_is_known_so_that_a_deleted_manifest_leaves_it_in_the_tree_too()
    {
        await engine.IndexTarget.AddRepositoryAsync(Found);
        Assert.Null((await Metadata.DeleteManifestAsync(A, Samples.Digest(First), Precondition.None)).Error);
        Assert.Contains(
            await engine.ReadChangesAsync(),
            change => change.Kind == ChangeKind.TagForgotten && change.Tag == Tag.Parse("latest") && change.Digest == Samples.Digest(First));
    }

    [Fact]
    public async Task A_tag_of_a_manifest_that_is_not_there_is_left_out()
    {
        await engine.IndexTarget.AddRepositoryAsync(Found with { Manifests = [Manifest(First)] });
        Assert.Equal([], (await Metadata.ListTagsAsync(A, null, 10))!.Items);
        Assert.NotNull(await Metadata.FindManifestAsync(A, Samples.Digest(First)));
    }

    [Fact]
    public async Task A_manifest_that_no_client_could_push_is_answered_as_it_is()
    {
        var schema1 = Samples.Text($$$"""{"schemaVersion":1,"fsLayers":[{"blobSum":"{{{Samples.Digest("layer")}}}"}]}""");
        await engine.IndexTarget.AddRepositoryAsync(new TreeRepository { Name = A, Manifests = [Manifest(schema1)], Layers = Found.Layers });
        Assert.Equal(MediaTypes.DockerSchema1, (await Metadata.FindManifestAsync(A, Samples.Digest(schema1)))?.MediaType);
        Assert.DoesNotContain(
            new BlobLink(A, Samples.Digest("layer")), await engine.Collector.ExpireLinksAsync(IdleTimes.Any, 10));
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private static TreeManifest Manifest(byte[] content) =>
        new(Samples.Digest(content), content.Length, StoredManifestReader.Read(content)!);

    private async Task AssertAnswersAsync()
    {
        Assert.Equal(["team/app"], (await Metadata.ListRepositoriesAsync([RepositoryRange.All], null, 10)).Items);
        Assert.Equal(["latest"], (await Metadata.ListTagsAsync(A, null, 10))!.Items);
        Assert.Equal(
            new StoredManifest(Samples.Digest(Second), MediaTypes.OciManifest, Second.Length),
            await Metadata.FindManifestAsync(A, Tag.Parse("latest")));
        Assert.Equal(First.Length, (await Metadata.FindManifestAsync(A, Samples.Digest(First)))?.Size);
        Assert.Equal(5, await Metadata.FindSizeAsync(A, Samples.Digest("layer")));
        Assert.Equal(
            [new Referrer(Samples.Digest(Second), MediaTypes.OciManifest, Second.Length, "x/y", """{"note":"second"}"""u8.ToArray())],
            (await Metadata.ListReferrersAsync(A, Samples.Digest(First), null, null, 10)).Items);
    }
}
