using Registry.Core.Oci;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Postgres.SmallContent;

namespace Registry.Storage.Postgres.Tests;

/// <summary>Small content that stays in the database, and what becomes of it when it is damaged.</summary>
public sealed class SmallContentTests : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly byte[] Content = Samples.Text("small");
    private static readonly Digest Blob = Samples.Digest(Content);

    private readonly PostgresEngine _engine = new();

    private IStagedContent Staged => _engine.Staged;

    [Fact]
    public async Task Nothing_waits_for_a_file_and_nothing_is_removed()
    {
        Staged.Staged += () => Assert.Fail("Nothing waits.");
        await LinkAsync(Content);
        var row = (await Staged.FindAsync(Blob))!;
        await LinkAsync(Content);

        Assert.Equal(0, Staged.Weight);
        Assert.Empty(await Staged.ListAsync(0, 10));
        await Staged.RemoveAsync([row.Id]);
        Assert.Equal(row.Id, (await Staged.FindAsync(Blob))?.Id);
    }

    // A large manifest, or one that finds no place among the pushes in progress.
    [Fact]
    public async Task A_manifest_that_is_pushed_to_a_place_is_no_longer_read_from_its_row()
    {
        await LinkAsync(Samples.Text("config"));
        var image = Samples.Image("config", []);
        var place = new BlobPlace(Samples.Digest(image), "blobs/ab/manifest");
        Assert.Null((await _engine.Metadata.PutManifestAsync(Samples.Put(A, image, "v1") with { Staged = image })).Error);
        await DamageAsync(Samples.Digest(image));

        Assert.Null((await _engine.Metadata.PutManifestAsync(Samples.Put(A, image, "v1") with { Place = place })).Error);

        Assert.Null(await Staged.FindAsync(Samples.Digest(image)));
        Assert.Equal(place, (await _engine.Metadata.FindManifestAsync(A, Samples.Digest(image)))?.Place);
    }

    [Fact]
    public async Task A_damaged_row_goes_into_quarantine_and_its_content_is_lost_until_it_is_pushed_again()
    {
        await LinkAsync(Content);
        var damaged = await DamageAsync(Blob);

        Assert.Equal("the table quarantine of the database", await Quarantine.TakeAsync(damaged));

        Assert.Null(await Staged.FindAsync(Blob));
        Assert.Null(await _engine.Metadata.FindBlobAsync(A, Blob));
        Assert.True(Assert.Single(await _engine.Verifier.ListStoredAsync(0, 10)).IsLost);
        Assert.Equal(damaged.Bytes, await RunAsync($"SELECT bytes FROM quarantine WHERE digest = '{Blob}'"));
        Assert.Null(await Quarantine.TakeAsync(damaged));

        await LinkAsync(Content);
        Assert.Equal(Content, (await Staged.FindAsync(Blob))?.Bytes);
        Assert.Equal(Content.Length, await _engine.Metadata.FindSizeAsync(A, Blob));

        // The same content once more.
        Assert.NotNull(await Quarantine.TakeAsync(await DamageAsync(Blob)));
        Assert.Equal(1L, await RunAsync("SELECT count(*) FROM quarantine"));
    }

    [Fact]
    public async Task A_row_that_was_pushed_again_after_it_was_read_stays()
    {
        await LinkAsync(Content);
        var damaged = await DamageAsync(Blob);
        await LinkAsync(Content);

        Assert.Null(await Quarantine.TakeAsync(damaged));

        Assert.Equal(Content, (await Staged.FindAsync(Blob))?.Bytes);
        Assert.Equal(0L, await RunAsync("SELECT count(*) FROM quarantine"));
    }

    [Fact]
    public async Task A_damaged_row_whose_content_has_a_place_gives_way_to_it()
    {
        var place = new BlobPlace(Blob, "blobs/ab/small");
        Assert.Null(await _engine.Metadata.LinkBlobAsync(A, place, Content.Length, ContractOrigin.Request));
        await LinkAsync(Content);

        Assert.Null(await Quarantine.TakeAsync(await DamageAsync(Blob)));

        Assert.Null(await Staged.FindAsync(Blob));
        Assert.Equal(place, (await _engine.Metadata.FindBlobAsync(A, Blob))?.Place);
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private PostgresStagedQuarantine Quarantine => new(_engine.Database);

    private async Task LinkAsync(byte[] content) =>
        Assert.Null(await _engine.Metadata.LinkBlobAsync(A, Samples.Digest(content), content.Length, upload: null, staged: content));

    // A bit of the row has flipped.
    private async Task<StagedContent> DamageAsync(Digest digest)
    {
        await RunAsync($"UPDATE content SET bytes = set_bit(bytes, 3, 1 - get_bit(bytes, 3)) WHERE digest = '{digest}'");
        var damaged = (await Staged.FindAsync(digest))!;
        Assert.False(damaged.IsWhole);
        return damaged;
    }

    private Task<object?> RunAsync(string sql) => _engine.RunAsync(sql);
}
