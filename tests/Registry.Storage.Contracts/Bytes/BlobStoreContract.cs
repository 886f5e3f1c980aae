using Registry.Core.Blobs;
using Registry.Core.Oci;
using Registry.Core.Storage;

namespace Registry.Storage.Contracts.Bytes;

/// <summary>Contract of <see cref="IBlobStore"/>. Content is found by the place that storing it returned, which need not be its digest.</summary>
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
        Assert.Empty(await ListAsync());
        await Blobs.DeleteAsync([Digest]);
        await Blobs.DeleteAsync([]);
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
            var place = await Blobs.PutAsync(digest, content);
            Assert.Equal(digest, place.Digest);
            Assert.Equal(length, await Blobs.StatAsync(place));
            await using var open = await Blobs.OpenAsync(place);
            Assert.NotNull(open);
            Assert.Equal(length, open.Length);
            Assert.Equal(content, (await open.ReadAsync()).ToArray());
        }
    }

    [Fact]
    public async Task Content_that_is_stored_again_is_there_afterwards_so_that_a_push_heals_damage()
    {
        await Blobs.PutAsync(Digest, Samples.Bytes(3, 77));
        var place = await Blobs.PutAsync(Digest, Content);
        Assert.Equal(Content.Length, await Blobs.StatAsync(place));
        Assert.Equal(Content, await Blobs.ReadAsync(place));
        Assert.Equal(Content, await Blobs.ReadAsync(await Blobs.PutAsync(Digest, Content)));
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(3_000_000)]
    public async Task Content_that_is_open_is_read_on_after_it_was_stored_again(int length)
    {
        var content = Samples.Bytes(1, length);
        var digest = Samples.Digest(content);
        await using var open = await Blobs.OpenAsync(await Blobs.PutAsync(digest, content));
        await Blobs.PutAsync(digest, Samples.Bytes(3, 77));
        Assert.Equal(content, (await open!.ReadAsync()).ToArray());
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(3_000_000)]
    public async Task Content_that_is_open_survives_its_deletion(int length)
    {
        var content = Samples.Bytes(1, length);
        var place = await Blobs.PutAsync(Samples.Digest(content), content);
        await using var open = await Blobs.OpenAsync(place);
        await Blobs.DeleteAsync([place]);
        Assert.Null(await Blobs.OpenAsync(place));
        if (engine.KeepsOpenContent || length <= BlobSource.MaxInMemory)
        {
            Assert.Equal(content, (await open!.ReadAsync()).ToArray());
        }
    }

    [Fact]
    public async Task What_was_deleted_is_not_there_and_can_be_stored_again()
    {
        var place = await Blobs.PutAsync(Digest, Content);
        await Blobs.DeleteAsync([place]);
        await Blobs.DeleteAsync([place]);
        Assert.Null(await Blobs.StatAsync(place));
        Assert.Null(await Blobs.OpenAsync(place));
        Assert.Empty(await ListAsync());

        Assert.Equal(Content, await Blobs.ReadAsync(await Blobs.PutAsync(Digest, Content)));
    }

    [Fact]
    public async Task Deleting_one_leaves_its_neighbours()
    {
        // Same first hex digits, as folders may be shared by them; and the same content in the other algorithm.
        var neighbour = Digest.Parse(Digest.Value[..^1] + (Digest.Value[^1] == '0' ? '1' : '0'));
        var places = new List<BlobPlace>();
        foreach (var digest in new[] { Digest, neighbour, DigestAlgorithm.Sha512.Compute(Content) })
        {
            places.Add(await Blobs.PutAsync(digest, Content));
        }

        await Blobs.DeleteAsync([places[0]]);
        Assert.Equal(places[1..].Select(AsListed).ToHashSet(), (await ListAsync()).ToHashSet());
        Assert.Equal(Content, await Blobs.ReadAsync(places[1]));
        Assert.Equal(Content, await Blobs.ReadAsync(places[2]));
    }

    [Fact]
    public async Task Many_are_deleted_at_once_also_if_some_are_gone_already()
    {
        var places = await StoreAsync(40);
        await Blobs.DeleteAsync([places[3]]);
        await Blobs.DeleteAsync(places[..30]);
        Assert.Equal(places[30..].Select(AsListed).ToHashSet(), (await ListAsync()).ToHashSet());
    }

    [Fact]
    public async Task Everything_stored_is_listed_once_and_always_in_the_same_order()
    {
        var places = await StoreAsync(40);
        var listed = await ListAsync();
        Assert.Equal(places.Count, listed.Count);
        Assert.Equal(places.Select(AsListed).ToHashSet(), listed.ToHashSet());
        Assert.Equal(listed, await ListAsync());
    }

    [Fact]
    public async Task A_listing_goes_on_after_any_place_also_after_one_that_is_gone()
    {
        await StoreAsync(40);
        var listed = await ListAsync();
        for (var i = 0; i < listed.Count; i++)
        {
            Assert.Equal(listed[(i + 1)..], await ListAsync(listed[i]));
        }

        await Blobs.DeleteAsync(listed[10..20]);
        Assert.Equal(listed[20..], await ListAsync(listed[14]));
        Assert.Equal([listed[9], .. listed[20..]], await ListAsync(listed[8]));
    }

    [Fact]
    public async Task What_is_removed_during_a_listing_does_not_end_it()
    {
        var places = await StoreAsync(40);
        var listed = new List<BlobPlace>();
        await foreach (var place in Blobs.ListAsync())
        {
            listed.Add(place);
            await Blobs.DeleteAsync([place]);
        }

        Assert.Equal(places.Select(AsListed).ToHashSet(), listed.ToHashSet());
        Assert.Empty(await ListAsync());
    }

    [Fact]
    public async Task Many_can_be_stored_at_once()
    {
        var contents = Enumerable.Range(0, 120).Select(i => Samples.Bytes(i, 100 + i)).ToList();
        var places = await Task.WhenAll(contents.Select(content => Task.Run(() => Blobs.PutAsync(Samples.Digest(content), content))));
        foreach (var (content, place) in contents.Zip(places))
        {
            Assert.Equal(content, await Blobs.ReadAsync(place));
        }
    }

    [Fact]
    public async Task The_same_can_be_stored_by_many_at_once()
    {
        var places = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => Blobs.PutAsync(Digest, Content))));
        foreach (var place in places.Distinct())
        {
            Assert.Equal(Content, await Blobs.ReadAsync(place));
        }
    }

    [Fact]
    public async Task A_reader_never_sees_half_of_what_is_being_stored_again()
    {
        byte[][] versions = [Content, Samples.Bytes(9, 300_000)];
        var place = await Blobs.PutAsync(Digest, versions[0]);
        var writer = Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                await Blobs.PutAsync(Digest, versions[i % 2]);
            }
        });
        do
        {
            var read = await Blobs.ReadAsync(place);
            Assert.Contains(versions, version => version.AsSpan().SequenceEqual(read));
        }
        while (!writer.IsCompleted);

        await writer;
    }

    [Fact]
    public async Task Within_the_fence_of_a_digest_its_holder_stores_and_removes_and_others_read()
    {
        BlobPlace place;
        await using (await Blobs.FenceAsync(Digest))
        {
            place = await Blobs.PutAsync(Digest, Content);
            Assert.Equal(Content, await Blobs.ReadAsync(place));
        }

        await using (await Blobs.FenceAsync(Digest))
        {
            Assert.Equal(Content.Length, await Blobs.StatAsync(place));
            await Blobs.DeleteAsync([place]);
        }

        Assert.Null(await Blobs.StatAsync(place));
    }

    [Fact]
    public async Task What_is_cancelled_before_it_begins_does_nothing()
    {
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();
        var place = await Blobs.PutAsync(Digest, Content);
        var other = Samples.Bytes(2, 100);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Blobs.PutAsync(Samples.Digest(other), other, cancel.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Blobs.DeleteAsync([place], cancel.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Blobs.OpenAsync(place, cancel.Token).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Blobs.StatAsync(place, cancel.Token).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Blobs.ListAsync(null, cancel.Token).ToListAsync().AsTask());
        Assert.Equal([AsListed(place)], await ListAsync());
        Assert.Equal(Content, await Blobs.ReadAsync(place));
    }

    [Fact]
    public async Task Everything_is_there_after_a_restart()
    {
        var place = await Blobs.PutAsync(Digest, Content);
        await engine.ReopenAsync();
        Assert.Equal(Content, await Blobs.ReadAsync(place));
        Assert.Equal([AsListed(place)], await ListAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private BlobPlace AsListed(BlobPlace place) => engine.ListsDigests ? place : place with { Digest = null };

    private async Task<List<BlobPlace>> ListAsync(BlobPlace? after = null) => await Blobs.ListAsync(after).ToListAsync();

    private async Task<List<BlobPlace>> StoreAsync(int count)
    {
        var places = new List<BlobPlace>();
        for (var i = 0; i < count; i++)
        {
            var content = Samples.Bytes(i, i);
            places.Add(await Blobs.PutAsync((i % 3 == 0 ? DigestAlgorithm.Sha512 : DigestAlgorithm.Sha256).Compute(content), content));
        }

        return places;
    }
}
