using Registry.Core.Blobs;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts;

/// <summary>Contract of <see cref="IBlobStore"/>.</summary>
public abstract class BlobStoreContract(IByteEngine engine) : IAsyncDisposable
{
    private static readonly byte[] Content = Samples.Bytes(1, 5000);
    private static readonly Digest Digest = Samples.Digest(Content);

    private IBlobStore Blobs => engine.Blobs;

    [Fact]
    public async Task What_was_never_stored_is_not_there()
    {
        Assert.Null(await Blobs.StatAsync(Digest));
        Assert.Null(await Blobs.OpenAsync(Digest));
        Assert.Null(await Blobs.ReadAsync(Digest));
        Assert.False(await Blobs.DeleteAsync(Digest));
        Assert.Empty(await Blobs.ListAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5000)]
    [InlineData(3_000_000)]
    public async Task What_was_stored_is_read_back(int length)
    {
        var content = Samples.Bytes(2, length);
        foreach (var digest in DigestAlgorithm.All.Select(algorithm => algorithm.Compute(content)))
        {
            await Blobs.PutAsync(digest, content);
            Assert.Equal(length, await Blobs.StatAsync(digest));
            Assert.Equal(content, await Blobs.ReadAsync(digest));
            await using var open = await Blobs.OpenAsync(digest);
            Assert.NotNull(open);
            Assert.Equal(length, open.Length);
            Assert.Equal(content, (await open.ReadAsync()).ToArray());
        }
    }

    [Fact]
    public async Task Storing_the_same_again_changes_nothing()
    {
        await Blobs.PutAsync(Digest, Content);
        await Blobs.PutAsync(Digest, Content);
        Assert.Equal(Content, await Blobs.ReadAsync(Digest));
        Assert.Equal([Digest], await Blobs.ListAsync());
    }

    [Fact]
    public async Task Storing_replaces_what_is_there_so_that_a_push_heals_damage()
    {
        await Blobs.PutAsync(Digest, Samples.Bytes(3, 77));
        await Blobs.PutAsync(Digest, Content);
        Assert.Equal(Content.Length, await Blobs.StatAsync(Digest));
        Assert.Equal(Content, await Blobs.ReadAsync(Digest));
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(3_000_000)]
    public async Task Content_that_is_open_is_read_on_after_it_was_replaced(int length)
    {
        var content = Samples.Bytes(1, length);
        var digest = Samples.Digest(content);
        await Blobs.PutAsync(digest, content);
        await using var open = await Blobs.OpenAsync(digest);
        await Blobs.PutAsync(digest, Samples.Bytes(3, 77));
        Assert.Equal(content, (await open!.ReadAsync()).ToArray());
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(3_000_000)]
    public async Task Content_that_is_open_survives_its_deletion(int length)
    {
        var content = Samples.Bytes(1, length);
        var digest = Samples.Digest(content);
        await Blobs.PutAsync(digest, content);
        await using var open = await Blobs.OpenAsync(digest);
        Assert.True(await Blobs.DeleteAsync(digest));
        Assert.Equal(content, (await open!.ReadAsync()).ToArray());
        Assert.Null(await Blobs.OpenAsync(digest));
    }

    [Fact]
    public async Task What_was_deleted_is_not_there_and_can_be_stored_again()
    {
        await Blobs.PutAsync(Digest, Content);
        Assert.True(await Blobs.DeleteAsync(Digest));
        Assert.False(await Blobs.DeleteAsync(Digest));
        Assert.Null(await Blobs.StatAsync(Digest));
        Assert.Null(await Blobs.ReadAsync(Digest));
        Assert.Empty(await Blobs.ListAsync());

        await Blobs.PutAsync(Digest, Content);
        Assert.Equal(Content, await Blobs.ReadAsync(Digest));
    }

    [Fact]
    public async Task Deleting_one_leaves_its_neighbours()
    {
        // Same first hex digits, as folders may be shared by them; and the same content in the other algorithm.
        var neighbour = Digest.Parse(Digest.Value[..^1] + (Digest.Value[^1] == '0' ? '1' : '0'));
        var other = DigestAlgorithm.Sha512.Compute(Content);
        foreach (var digest in new[] { Digest, neighbour, other })
        {
            await Blobs.PutAsync(digest, Content);
        }

        await Blobs.DeleteAsync(Digest);
        Assert.Equal(new[] { neighbour, other }.Order(), (await Blobs.ListAsync()).Order());
        Assert.Equal(Content, await Blobs.ReadAsync(neighbour));
        Assert.Equal(Content, await Blobs.ReadAsync(other));
    }

    [Fact]
    public async Task Everything_stored_is_enumerated_once()
    {
        var digests = new List<Digest>();
        for (var i = 0; i < 40; i++)
        {
            var content = Samples.Bytes(i, i);
            digests.Add((i % 3 == 0 ? DigestAlgorithm.Sha512 : DigestAlgorithm.Sha256).Compute(content));
            await Blobs.PutAsync(digests[^1], content);
        }

        Assert.Equal(digests.Order(), (await Blobs.ListAsync()).Order());
    }

    [Fact]
    public async Task Many_can_be_stored_at_once()
    {
        var contents = Enumerable.Range(0, 120).Select(i => Samples.Bytes(i, 100 + i)).ToList();
        await Task.WhenAll(contents.Select(content => Task.Run(() => Blobs.PutAsync(Samples.Digest(content), content))));
        foreach (var content in contents)
        {
            Assert.Equal(content, await Blobs.ReadAsync(Samples.Digest(content)));
        }
    }

    [Fact]
    public async Task The_same_can_be_stored_by_many_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => Blobs.PutAsync(Digest, Content))));
        Assert.Equal(Content, await Blobs.ReadAsync(Digest));
        Assert.Equal([Digest], await Blobs.ListAsync());
    }

    [Fact]
    public async Task A_reader_never_sees_half_of_what_is_being_replaced()
    {
        byte[][] versions = [Content, Samples.Bytes(9, 300_000)];
        await Blobs.PutAsync(Digest, versions[0]);
        var writer = Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                await Blobs.PutAsync(Digest, versions[i % 2]);
            }
        });
        do
        {
            var read = await Blobs.ReadAsync(Digest);
            Assert.Contains(versions, version => version.AsSpan().SequenceEqual(read));
        }
        while (!writer.IsCompleted);

        await writer;
    }

    [Fact]
    public async Task Everything_is_there_after_a_restart()
    {
        await Blobs.PutAsync(Digest, Content);
        await engine.ReopenAsync();
        Assert.Equal(Content, await Blobs.ReadAsync(Digest));
        Assert.Equal([Digest], await Blobs.ListAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
