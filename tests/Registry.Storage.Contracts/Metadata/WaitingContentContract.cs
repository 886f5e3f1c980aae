using Registry.Core.SmallContent;

namespace Registry.Storage.Contracts.Metadata;

/// <summary>Contract of <see cref="IStagedContent"/> in an engine whose rows wait for their files.</summary>
public abstract class WaitingContentContract(IMetadataEngine engine) : StagedContentContract(engine)
{
    [Fact]
    public async Task Content_that_waits_has_a_weight()
    {
        Assert.True(Staged.IsEmpty);
        await LinkAsync(Content);
        Assert.Equal(StagedContent.WeightOf(Content.Length, 1), Staged.Weight);
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
        Assert.Equal(Content.Length, await Engine.Metadata.FindSizeAsync(A, Blob));
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
    public async Task A_commit_with_staged_content_is_told()
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var staged = Staged;
        staged.Staged += () => told.TrySetResult();
        await Engine.Metadata.LinkBlobAsync(A, Samples.Digest("in a file"), 9);
        Assert.False(told.Task.IsCompleted);
        await LinkAsync(Content);
        await told.Task;
    }
}
