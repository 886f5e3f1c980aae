using Registry.Core.Oci;
using Registry.Core.SmallContent;

namespace Registry.Storage.Contracts.Metadata;

/// <summary>
/// Contract of <see cref="IStagedContent"/>, together with the metadata whose transactions add its rows: as far as rows that wait and rows that stay have it in
/// common.
/// </summary>
public abstract class StagedContentContract(IMetadataEngine engine) : IAsyncDisposable
{
    protected static readonly RepositoryName A = Samples.Repository("a");
    protected static readonly byte[] Content = Samples.Text("blob");
    protected static readonly Digest Blob = Samples.Digest(Content);

    protected IMetadataEngine Engine { get; } = engine;

    protected IStagedContent Staged => Engine.Staged;

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
        Assert.False(Staged.IsEmpty);
        Assert.Equal(Content.Length, await Staged.FindSizeAsync(Blob));
        Assert.Equal(row.Id, Assert.Single(await Staged.FindPresentAsync([row.Id, long.MaxValue])));
        Assert.Equal(Content.Length, await Engine.Metadata.FindSizeAsync(A, Blob));
    }

    [Fact]
    public async Task The_transaction_that_records_a_manifest_stages_its_bytes()
    {
        await Engine.Metadata.LinkBlobAsync(A, Samples.Digest("config"), 6);
        var image = Samples.Image("config", []);
        Assert.Null((await Engine.Metadata.PutManifestAsync(Samples.Put(A, image, "v1") with { Staged = image })).Error);
        Assert.Equal(image, (await Staged.FindAsync(Samples.Digest(image)))?.Bytes);

        // Stored already.
        Assert.Null((await Engine.Metadata.PutManifestAsync(Samples.Put(A, image, "v2"))).Error);
        Assert.Equal(image, (await Staged.FindAsync(Samples.Digest(image)))?.Bytes);
    }

    [Fact]
    public async Task A_manifest_that_is_refused_stages_nothing()
    {
        var image = Samples.Image("missing", []);
        Assert.NotNull((await Engine.Metadata.PutManifestAsync(Samples.Put(A, image, "v1") with { Staged = image })).Error);
        Assert.Null(await Staged.FindAsync(Samples.Digest(image)));
        Assert.Equal(0, Staged.Weight);
    }

    [Fact]
    public async Task Content_with_a_file_is_not_staged()
    {
        await Engine.Metadata.LinkBlobAsync(A, Blob, Content.Length);
        Assert.Null(await Staged.FindAsync(Blob));
        Assert.Equal(0, Staged.Weight);
    }

    [Fact]
    public async Task A_push_that_writes_the_file_removes_the_row()
    {
        await LinkAsync(Content);
        var row = (await Staged.FindAsync(Blob))!;
        await Engine.Metadata.LinkBlobAsync(A, Blob, Content.Length);
        Assert.Null(await Staged.FindAsync(Blob));
        Assert.Null(await Staged.FindSizeAsync(Blob));
        Assert.Empty(await Staged.FindPresentAsync([row.Id]));
        Assert.Equal(0, Staged.Weight);
    }

    [Fact]
    public async Task Content_that_is_lost_or_forgotten_has_no_row()
    {
        await LinkAsync(Content);
        await Engine.Verifier.MarkLostAsync(Blob);
        Assert.Null(await Staged.FindAsync(Blob));
        await LinkAsync(Content);
        Assert.Equal(Content, (await Staged.FindAsync(Blob))?.Bytes);

        Assert.Null((await Engine.Metadata.UnlinkBlobAsync(A, Blob)).Error);
        Assert.NotNull(await Engine.Collector.CondemnAsync(Blob));
        await Engine.Collector.ForgetAsync(Blob);
        Assert.Null(await Staged.FindAsync(Blob));
        Assert.Equal(0, Staged.Weight);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_is_durable(bool cleanly)
    {
        await LinkAsync(Content);
        var weight = Staged.Weight;
        await Engine.ReopenAsync(cleanly);
        Assert.Equal(Content, (await Staged.FindAsync(Blob))?.Bytes);
        Assert.Equal(weight, Staged.Weight);
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected async Task LinkAsync(byte[] content) =>
        Assert.Null(await Engine.Metadata.LinkBlobAsync(A, Samples.Digest(content), content.Length, upload: null, staged: content));
}
