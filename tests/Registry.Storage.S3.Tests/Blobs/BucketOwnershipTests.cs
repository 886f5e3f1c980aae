using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.S3.Blobs;
using Registry.Storage.S3.Requests;

namespace Registry.Storage.S3.Tests.Blobs;

/// <summary>Two registries on one bucket and prefix: only the one whose metadata has the mark of the bucket deletes objects.</summary>
public sealed class BucketOwnershipTests(Gateway gateway) : IAsyncLifetime
{
    private readonly S3Settings _settings = gateway.NewSettings() with { DeleteAfter = TimeSpan.FromHours(1) };
    private readonly FakeTimeProvider _time = new();
    private readonly byte[] _content = Samples.Bytes(1, 300_000);
    private S3Engine _original = null!;
    private S3Engine _copy = null!;
    private S3Client _client = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        (_original, _copy) = (new S3Engine(_settings), new S3Engine(_settings));
        _client = new S3Client(_settings, TimeProvider.System, NullLoggerFactory.Instance);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _original.DisposeAsync();
        await _copy.DisposeAsync();
    }

    [Fact]
    public async Task The_first_registry_marks_the_bucket_and_another_one_deletes_nothing_in_it()
    {
        Assert.Equal(0, await _original.Storage.DeleteDueAsync(Cancel));
        Assert.NotEqual(0, (await ReadAsync())!.Number);
        var place = await DeleteAsync(_copy);
        Assert.False(_copy.Storage.IsForeign);
        Assert.Equal(0, await _copy.Storage.DeleteDueAsync(Cancel));
        Assert.True(_copy.Storage.IsForeign);
        Assert.Equal(_content, await _copy.Blobs.ReadAsync(place));
        Assert.False(_original.Storage.IsForeign);
    }

    [Fact]
    public async Task A_copy_of_the_metadata_that_is_older_than_the_mark_deletes_nothing_at_any_time()
    {
        var place = await CopyAsync();
        Assert.Null(await _original.Metadata.LinkBlobAsync(Samples.Repository("a"), place, _content.Length));
        await _original.Storage.AdoptAsync(Cancel);
        for (var hours = 0; hours < 100; hours += 25)
        {
            _copy.Advance(TimeSpan.FromHours(25));
            Assert.Equal(0, await _copy.Storage.DeleteDueAsync(Cancel));
        }

        // Nor when an upload ends, or what is deleted is due at once.
        using var immediate = _copy.OpenProcess(_settings with { DeleteAfter = TimeSpan.Zero });
        await immediate.Blobs.DeleteAsync([place], Cancel);
        Assert.Equal(_content, await _original.Blobs.ReadAsync(place));
        Assert.Single(await _copy.Ledger.ListDueAsync(10));
    }

    [Fact]
    public async Task Of_two_copies_with_the_same_mark_the_first_keeps_the_bucket_until_the_other_one_adopts_it()
    {
        var place = await CopyAsync();
        _copy.Advance(TimeSpan.FromHours(2));
        await ChangeMarkAsync(_copy);
        Assert.Equal(0, await _original.Storage.DeleteDueAsync(Cancel));
        Assert.True(_original.Storage.IsForeign);

        var found = await _original.Storage.AdoptAsync(Cancel);
        Assert.Equal(Environment.MachineName, found!.Value.Writer);
        Assert.Equal(0, await _original.Storage.DeleteDueAsync(Cancel));
        Assert.False(_original.Storage.IsForeign);
        Assert.Equal(0, await _copy.Storage.DeleteDueAsync(Cancel));
        Assert.True(_copy.Storage.IsForeign);
        Assert.Equal(_content, await _original.Blobs.ReadAsync(place));
    }

    [Fact]
    public async Task Processes_with_the_same_metadata_share_the_mark()
    {
        using var second = _original.OpenProcess();
        Assert.All(
            await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? second : _original.Storage).DeleteDueAsync(Cancel))), deleted => Assert.Equal(0, deleted));
        Assert.False(second.IsForeign);
        Assert.False(_original.Storage.IsForeign);
        Assert.Equal((await _original.Ledger.ReadMarksAsync()).Newest, (await ReadAsync())!.Number);
    }

    [Fact]
    public async Task A_mark_that_was_chosen_and_not_written_is_written_by_the_next_process()
    {
        await _original.Storage.DeleteDueAsync(Cancel);
        var written = (await ReadAsync())!.Number;
        Assert.True(await _original.Ledger.AddMarkAsync(written, mark: 7));
        await _original.Storage.DeleteDueAsync(Cancel);
        Assert.Equal(7, (await ReadAsync())!.Number);
        Assert.False(_original.Storage.IsForeign);
    }

    [Fact]
    public async Task The_mark_changes_every_ten_minutes()
    {
        using var ownership = NewOwnership();
        Assert.True(await ownership.CheckAsync(Cancel));
        var first = (await ReadAsync())!.Number;
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.True(await ownership.CheckAsync(Cancel));
        Assert.Equal(first, (await ReadAsync())!.Number);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(await ownership.CheckAsync(Cancel));
        Assert.NotEqual(first, (await ReadAsync())!.Number);
        Assert.True(await ownership.CheckAsync(Cancel));
    }

    [Fact]
    public async Task Deletions_ask_the_bucket_once_a_minute()
    {
        var requests = 0;
        using var client = new S3Client(_settings, TimeProvider.System, NullLoggerFactory.Instance, new Interference((_, send) =>
        {
            Interlocked.Increment(ref requests);
            return send();
        }).Around);
        using var ownership = new BucketOwnership(client, _original.Ledger, _time, NullLogger<BucketOwnership>.Instance);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ownership.IsOwnAsync(Cancel))), Assert.True);
        Assert.Equal(2, requests);
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.True(await ownership.IsOwnAsync(Cancel));
        Assert.Equal(2, requests);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await ownership.IsOwnAsync(Cancel));
        Assert.Equal(3, requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no JSON")]
    [InlineData("[]")]
    [InlineData("{\"mark\": 5}")]
    [InlineData("{\"mark\": \"xyz\", \"writtenBy\": \"a\", \"writtenAt\": \"2026-01-01T00:00:00Z\"}")]
    [InlineData("{\"mark\": \"5\", \"writtenBy\": \"a\", \"writtenAt\": \"yesterday\"}")]
    public async Task An_object_that_no_registry_wrote_is_not_the_mark_of_this_one(string content)
    {
        await ChangeMarkAsync(_original);
        await ChangeMarkAsync(_original);
        await WriteAsync(System.Text.Encoding.UTF8.GetBytes(content));
        await _original.Storage.DeleteDueAsync(Cancel);
        Assert.True(_original.Storage.IsForeign);
    }

    [Fact]
    public async Task Nor_is_a_bucket_that_has_lost_its_mark()
    {
        await ChangeMarkAsync(_original);
        await ChangeMarkAsync(_original);
        await _client.DeleteAsync([BucketMark.Key], Cancel);
        await _original.Storage.DeleteDueAsync(Cancel);
        Assert.True(_original.Storage.IsForeign);
        Assert.Null(await _original.Storage.AdoptAsync(Cancel));
        await _original.Storage.DeleteDueAsync(Cancel);
        Assert.False(_original.Storage.IsForeign);
    }

    [Fact]
    public async Task A_large_object_in_place_of_the_mark_is_not_read()
    {
        await WriteAsync(Samples.Bytes(1, 5_000_000));
        await ChangeMarkAsync(_copy);
        Assert.Equal((await _copy.Ledger.ReadMarksAsync()).Newest, (await ReadAsync())!.Number);
        Assert.Equal(0, BucketMark.Parse(Samples.Bytes(1, 5000)).Number);
    }

    // What a dump has that was taken before the original went on: the mark, and an object that is to be deleted, here for the copy only.
    private async Task<BlobPlace> CopyAsync()
    {
        await _original.Storage.DeleteDueAsync(Cancel);
        var marks = await _original.Ledger.ReadMarksAsync();
        Assert.True(await _copy.Ledger.AddMarkAsync(newest: 0, marks.Newest));
        var place = await _original.Blobs.PutAsync(Samples.Digest(_content), _content, Cancel);
        await _copy.Ledger.AddAsync(place.Key!);
        await _copy.Ledger.CondemnAsync([place.Key!], TimeSpan.FromHours(1));
        return place;
    }

    private async Task<BlobPlace> DeleteAsync(S3Engine engine)
    {
        var place = await engine.Blobs.PutAsync(Samples.Digest(_content), _content, Cancel);
        await engine.Blobs.DeleteAsync([place], Cancel);
        engine.Advance(TimeSpan.FromHours(2));
        return place;
    }

    // As the time does.
    private static async Task ChangeMarkAsync(S3Engine engine) => await engine.Storage.AdoptAsync(Cancel);

    private BucketOwnership NewOwnership() => new(_client, _original.Ledger, _time, NullLogger<BucketOwnership>.Instance);

    private async Task<BucketMark?> ReadAsync()
    {
        await using var source = await S3Source.OpenAsync(_client, BucketMark.Key, Cancel);
        return source is null ? null : BucketMark.Parse(await source.ReadAsync(Cancel));
    }

    private Task<HttpStatusCode> WriteAsync(byte[] content) =>
        _client.CallAsync(new S3Request(HttpMethod.Put, BucketMark.Key) { Content = [content], Md5 = ContentChecksum.Of([content]) }, Cancel);
}
