using Registry.Core.Blobs;
using Registry.Core.Caching;
using Registry.Core.Oci;
using Registry.Storage.Contracts;

namespace Registry.Core.Tests.Caching;

public sealed class ContentCacheTests : IAsyncDisposable
{
    private static readonly byte[] Content = Samples.Bytes(1, 5000);
    private static readonly Digest Digest = Samples.Digest(Content);

    private readonly FileSystemEngine _engine = new();
    private readonly ContentCache _cache;

    public ContentCacheTests() => _cache = new ContentCache(_engine.Blobs, _engine.Time, 100_000);

    private string Path => _engine.Paths.BlobData(Digest);

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Fact]
    public async Task Small_content_is_given_again_at_once()
    {
        await _engine.Blobs.PutAsync(Digest, Content);
        Assert.Equal(Content, await ReadAsync());
        Assert.True(_cache.OpenAsync(Digest).AsTask().IsCompletedSuccessfully);
        Assert.True(_cache.StatAsync(Digest, Content.Length).AsTask().IsCompletedSuccessfully);
        Assert.Equal(Content, await ReadAsync());
        Assert.Equal(Content.Length, await _cache.StatAsync(Digest, Content.Length));
        Assert.InRange(_cache.Bytes, Content.Length, 2 * Content.Length);
    }

    [Fact]
    public async Task Each_caller_owns_the_source_that_it_opens()
    {
        await _engine.Blobs.PutAsync(Digest, Content);
        Assert.Equal(Content, await ReadAsync());
        await using var one = await _cache.OpenAsync(Digest);
        var other = await _cache.OpenAsync(Digest);
        Assert.NotSame(one, other);
        await other!.DisposeAsync();
        Assert.Equal(Content, (await one!.ReadAsync()).ToArray());
    }

    [Theory]
    [InlineData(BlobSource.MaxInMemory, true)]
    [InlineData(BlobSource.MaxInMemory + 1, false)]
    public async Task What_is_large_stays_in_its_file(int length, bool isInMemory)
    {
        var content = Samples.Bytes(2, length);
        var digest = Samples.Digest(content);
        await _engine.Blobs.PutAsync(digest, content);
        await using var open = await _cache.OpenAsync(digest);
        Assert.Equal(isInMemory, open!.TryGetMemory(out _));
        Assert.Equal(length, open.Length);
        Assert.Equal(isInMemory, _cache.Bytes > 0);
    }

    [Fact]
    public async Task What_was_forgotten_is_looked_at_again_also_when_it_was_being_looked_at()
    {
        await _engine.Blobs.PutAsync(Digest, Content);
        await ReadAsync();
        await _engine.Blobs.DeleteAsync([Digest]);
        Assert.NotNull(await ReadAsync());
        _cache.Forget();
        Assert.Null(await ReadAsync());
        Assert.Null(await _cache.StatAsync(Digest, Content.Length));

        await _engine.Blobs.PutAsync(Digest, Content);
        var looking = ReadAsync();
        _cache.Forget();
        Assert.Equal(Content, await looking);
        await _engine.Blobs.DeleteAsync([Digest]);
        Assert.Null(await ReadAsync());
    }

    [Fact]
    public async Task A_file_that_vanishes_is_noticed_when_the_lifetime_is_over()
    {
        await _engine.Blobs.PutAsync(Digest, Content);
        await ReadAsync();
        File.Delete(Path);
        _engine.Advance(ContentCache.Lifetime - TimeSpan.FromMilliseconds(1));
        Assert.Equal(Content, await ReadAsync());
        _engine.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(await ReadAsync());
        Assert.Null(await _cache.OpenAsync(Digest));
        Assert.Null(await _cache.StatAsync(Digest, Content.Length));
    }

    [Fact]
    public async Task A_size_is_looked_at_again_when_the_lifetime_is_over()
    {
        await _engine.Blobs.PutAsync(Digest, Content);
        Assert.Equal(Content.Length, await _cache.StatAsync(Digest, Content.Length));
        File.WriteAllText(Path, "short");
        Assert.Equal(Content.Length, await _cache.StatAsync(Digest, Content.Length));
        _engine.Advance(ContentCache.Lifetime);
        Assert.Equal(5, await _cache.StatAsync(Digest, Content.Length));
    }

    [Fact]
    public async Task A_push_that_heals_is_seen_at_once()
    {
        await _engine.Blobs.PutAsync(Digest, Content);
        File.WriteAllText(Path, "short");
        Assert.Equal(5, await _cache.StatAsync(Digest, Content.Length));
        Assert.Equal(5, (await ReadAsync())!.Length);
        await _engine.Blobs.PutAsync(Digest, Content);
        Assert.Equal(Content.Length, await _cache.StatAsync(Digest, Content.Length));
        Assert.Equal(Content, await ReadAsync());
    }

    [Fact]
    public async Task Bytes_that_do_not_have_their_digest_are_not_kept()
    {
        await _engine.Blobs.PutAsync(Digest, Samples.Bytes(3, Content.Length));
        Assert.NotEqual(Content, await ReadAsync());
        Assert.Equal(0, _cache.Bytes);
        await _engine.Blobs.PutAsync(Digest, Content);
        Assert.Equal(Content, await ReadAsync());
    }

    [Fact]
    public async Task It_stays_within_its_size()
    {
        for (var i = 0; i < 50; i++)
        {
            var content = Samples.Text($"{i}{new string(' ', 10_000)}");
            var digest = Samples.Digest(content);
            await _engine.Blobs.PutAsync(digest, content);
            Assert.Equal(content, await ReadAsync(digest));
            Assert.InRange(_cache.Bytes, 1, 100_000);
        }
    }

    private Task<byte[]?> ReadAsync() => ReadAsync(Digest);

    private async Task<byte[]?> ReadAsync(Digest digest) =>
        await _cache.OpenAsync(digest) is { } content ? await TestStorage.ReadAsync(content) : null;
}
