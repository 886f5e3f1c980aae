using Registry.Core.Oci;
using Registry.Core.SmallContent;

namespace Registry.Storage.Files.Tests.SmallContent;

/// <summary>Staged content with hooks between the steps of its readers and writers; each hook runs once.</summary>
internal sealed class GatedStagedContent(IStagedContent staged) : IStagedContent
{
    public event Action? Staged
    {
        add => staged.Staged += value;
        remove => staged.Staged -= value;
    }

    public Func<Task>? AfterFind { get; set; }

    /// <summary>Runs when all rows have been listed.</summary>
    public Func<Task>? AfterList { get; set; }

    public Func<Task>? BeforeRemove { get; set; }

    public long Weight => staged.Weight;

    public async Task<StagedContent?> FindAsync(Digest digest)
    {
        var found = await staged.FindAsync(digest);
        var hook = AfterFind;
        AfterFind = null;
        await RunAsync(hook);
        return found;
    }

    public Task<long?> FindSizeAsync(Digest digest) => staged.FindSizeAsync(digest);

    public async Task<IReadOnlyList<StagedContent>> ListAsync(long afterId, int limit)
    {
        var page = await staged.ListAsync(afterId, limit);
        if (page.Count == 0)
        {
            var hook = AfterList;
            AfterList = null;
            await RunAsync(hook);
        }

        return page;
    }

    public Task<IReadOnlySet<long>> FindPresentAsync(IReadOnlyCollection<long> ids) => staged.FindPresentAsync(ids);

    public async Task RemoveAsync(IReadOnlyCollection<long> ids)
    {
        var hook = BeforeRemove;
        BeforeRemove = null;
        await RunAsync(hook);
        await staged.RemoveAsync(ids);
    }

    private static Task RunAsync(Func<Task>? hook) => hook?.Invoke() ?? Task.CompletedTask;
}
