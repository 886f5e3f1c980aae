using Registry.Core.Oci;
using Registry.Core.SmallContent;

namespace Registry.Storage.Contracts.Metadata;

/// <summary>Contract of <see cref="IStagedContent"/>, together with the metadata whose transactions add its rows.</summary>
public abstract class StagedContentContract(IMetadataEngine engine) : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly byte[] Content = Samples.Text("blob");
    private static readonly Digest Blob = Samples.Digest(Content);

    private IStagedContent Staged => engine.Staged;

    [Fact]
    public async Task Nothing_is_staged_at_first()
    {
        Assert.Equal(0, Staged.Weight);
        Assert.Null(await Staged.FindAsync(Blob));
        Assert.Null(await Staged.FindSizeAsync(Blob));
        Assert.Empty(await Staged.ListAsync(0, 10));
        Assert.Empty(await Staged.FindPresentAsync([1, 2]));
        await Staged.RemoveAsync([1, 2]);
    }

    [Fact]
    public async Task The_transaction_that_links_a_blob_stages_its_bytes()
    {
        await LinkAsync(Content);
        var row = await Staged.FindAsync(Blob);
        Assert.NotNull(row);
        Assert.Equal(Blob, row.Digest);
        Assert.Equal(Content, row.Bytes);
        Assert.True(row.IsWhole);
        Assert.Equal(Content.Length, await Staged.FindSizeAsync(Blob));
        Assert.Equal(StagedContent.WeightOf(Content.Length, 1), Staged.Weight);
        Assert.Equal(Content.Length, await engine.Metadata.FindSizeAsync(A, Blob));
    }

    [Fact]
    public async Task The_transaction_that_records_a_manifest_stages_its_bytes()
    {
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        var image = Samples.Image("config", []);
        Assert.Null((await engine.Metadata.PutManifestAsync(Samples.Put(A, image, "v1") with { Staged = image })).Error);
        Assert.Equal(image, (await Staged.FindAsync(Samples.Digest(image)))?.Bytes);
    }

    [Fact]
    public async Task A_manifest_that_is_refused_stages_nothing()
    {
        var image = Samples.Image("missing", []);
        Assert.NotNull((await engine.Metadata.PutManifestAsync(Samples.Put(A, image, "v1") with { Staged = image })).Error);
        Assert.Null(await Staged.FindAsync(Samples.Digest(image)));
        Assert.Equal(0, Staged.Weight);
    }

    [Fact]
    public async Task Content_with_a_file_is_not_staged()
    {
        await engine.Metadata.LinkBlobAsync(A, Blob, Content.Length);
        Assert.Null(await Staged.FindAsync(Blob));
        Assert.Equal(0, Staged.Weight);
    }

    [Fact]
    public async Task It_is_listed_in_the_order_in_which_it_came_and_in_parts()
    {
        var contents = Enumerable.Range(0, 5).Select(i => Samples.Text($"content {i}")).ToList();
        foreach (var content in contents)
        {
            await LinkAsync(content);
        }

        var first = await Staged.ListAsync(0, 3);
        var rest = await Staged.ListAsync(first[^1].Id, 3);
        Assert.Equal(contents, first.Concat(rest).Select(row => row.Bytes));
        Assert.Equal((3, 2), (first.Count, rest.Count));
        Assert.Empty(await Staged.ListAsync(rest[^1].Id, 3));
    }

    [Fact]
    public async Task A_row_that_is_removed_is_gone_and_its_content_stays_known()
    {
        await LinkAsync(Content);
        await LinkAsync(Samples.Text("other"));
        var rows = await Staged.ListAsync(0, 10);
        Assert.Equal(rows.Select(row => row.Id).ToHashSet(), await Staged.FindPresentAsync([.. rows.Select(row => row.Id), long.MaxValue]));

        await Staged.RemoveAsync([rows[0].Id]);
        Assert.Equal(rows[1].Id, Assert.Single(await Staged.FindPresentAsync([.. rows.Select(row => row.Id)])));
        Assert.Null(await Staged.FindAsync(Blob));
        Assert.Equal(StagedContent.WeightOf(5, 1), Staged.Weight);
        Assert.Equal(Content.Length, await engine.Metadata.FindSizeAsync(A, Blob));
    }

    [Fact]
    public async Task Content_that_is_pushed_again_has_another_row_which_the_removal_of_the_first_does_not_touch()
    {
        await LinkAsync(Content);
        var first = (await Staged.FindAsync(Blob))!;
        await LinkAsync(Content);
        var second = (await Staged.FindAsync(Blob))!;
        Assert.NotEqual(first.Id, second.Id);

        await Staged.RemoveAsync([first.Id]);
        Assert.Equal(second.Id, (await Staged.FindAsync(Blob))?.Id);
        Assert.Equal(StagedContent.WeightOf(Content.Length, 1), Staged.Weight);

        // Nor is the number of a removed row used again.
        await Staged.RemoveAsync([second.Id]);
        await LinkAsync(Content);
        Assert.True((await Staged.FindAsync(Blob))?.Id > second.Id);
    }

    [Fact]
    public async Task A_push_that_writes_the_file_removes_the_row()
    {
        await LinkAsync(Content);
        await engine.Metadata.LinkBlobAsync(A, Blob, Content.Length);
        Assert.Null(await Staged.FindAsync(Blob));
        Assert.Equal(0, Staged.Weight);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_is_durable(bool cleanly)
    {
        await LinkAsync(Content);
        await engine.ReopenAsync(cleanly);
        Assert.Equal(Content, (await Staged.FindAsync(Blob))?.Bytes);
        Assert.Equal(StagedContent.WeightOf(Content.Length, 1), Staged.Weight);
    }

    [Fact]
    public async Task A_commit_with_staged_content_is_told()
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var staged = Staged;
        staged.Staged += () => told.TrySetResult();
        await engine.Metadata.LinkBlobAsync(A, Samples.Digest("in a file"), 9);
        Assert.False(told.Task.IsCompleted);
        await LinkAsync(Content);
        await told.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task LinkAsync(byte[] content) =>
        Assert.Null(await engine.Metadata.LinkBlobAsync(A, Samples.Digest(content), content.Length, upload: null, staged: content));
}
