using System.IO.Pipelines;
using Npgsql;
using Registry.Core.Errors;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Uploads;
using Registry.Storage.Contracts;
using Registry.Storage.Postgres;
using Registry.Storage.S3.Blobs;

namespace Registry.Storage.S3.Tests.Nodes;

/// <summary>Uploads whose requests reach two nodes, with their sessions in PostgreSQL and their bytes in a bucket.</summary>
public sealed class SharedUploadsTests(Gateway gateway, SharedDatabase server) : IAsyncLifetime
{
    private const int PartSize = 5 * 1024 * 1024;

    private static readonly byte[] Content = Samples.Bytes(1, (2 * PartSize) + 1_000_000);

    private readonly S3Engine _bucket = new(gateway.NewSettings());
    private PostgresSettings _database = null!;
    private Node _a = null!;
    private Node _b = null!;
    private int _reads;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await server.CreateAsync();
        var counted = new Interference((request, send) =>
        {
            if (request.Method == HttpMethod.Get && !request.RequestUri!.AbsolutePath.EndsWith(BucketMark.Key, StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _reads);
            }

            return send();
        });
        _a = await Node.StartAsync(_database, _bucket, counted.Around);
        _b = await Node.StartAsync(_database, _bucket, counted.Around);
    }

    [Theory]
    [InlineData(1_000_000, 2_000_000)]
    [InlineData(PartSize, 2 * PartSize)]
    [InlineData(PartSize + 7, PartSize + 7)]
    [InlineData(0, 3)]
    public async Task Each_request_of_an_upload_may_reach_another_node(int first, int second)
    {
        var id = await _a.BeginAsync();
        Assert.Equal(first, (await _b.AppendAsync(id, 0, Content[..first])).Value);
        Assert.Equal(second, (await _a.AppendAsync(id, first, Content[first..second])).Value);
        Assert.Equal(second, (await _b.Uploads.FindAsync(id))?.Length);

        // Another node knows the exact offset, too.
        Assert.Same(RegistryErrorCode.UploadOutOfOrder, (await _b.AppendAsync(id, second + 1, Content[second..])).Error?.Code);
        Assert.Equal(Content.Length, (await _b.CompleteAsync(id, second, Content)).Value);

        Assert.Equal(Content, await _a.ReadAsync(Samples.Digest(Content)));
        Assert.Empty(await _a.Uploads.ListAsync());
        Assert.Single(await ListObjectsAsync());
    }

    [Fact]
    public async Task Bytes_that_the_store_does_not_have_yet_are_not_reported()
    {
        var id = await _a.BeginAsync();
        Assert.Equal(100, (await _a.AppendAsync(id, 0, Content[..100])).Value);
        var body = new Pipe();
        var request = _a.Operations.AppendAsync(Samples.Repository("team/app"), null, id, new ChunkPlace(100), body.Reader, Cancel);

        // Written once most of it is read.
        await body.Writer.WriteAsync(Content.AsMemory(100, 300_000), Cancel);
        Assert.Equal(100, (await _a.Uploads.FindAsync(id))?.Length);
        Assert.Equal(100, (await _b.Uploads.FindAsync(id))?.Length);

        await body.Writer.CompleteAsync();
        Assert.Equal(300_100, (await request).Value);
        Assert.Equal(300_100, (await _a.Uploads.FindAsync(id))?.Length);
    }

    [Fact]
    public async Task A_small_upload_and_one_that_is_cancelled_leave_nothing_wherever_their_requests_go()
    {
        var (small, cancelled) = (await _a.BeginAsync(), await _a.BeginAsync());
        Assert.Equal(100, (await _b.AppendAsync(small, 0, Content[..100])).Value);
        Assert.Equal(200, (await _a.CompleteAsync(small, 100, Content[..200])).Value);
        Assert.NotNull(await _b.Metadata.FindBlobAsync(Samples.Repository("team/app"), Samples.Digest(Content.AsSpan(0, 200))));

        Assert.Equal(1_000_000, (await _a.AppendAsync(cancelled, 0, Content[..1_000_000])).Value);
        Assert.Null(await _b.Operations.CancelAsync(Samples.Repository("team/app"), null, cancelled));
        Assert.Null(await _a.Uploads.FindAsync(cancelled));
        Assert.Empty(await ListObjectsAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_node_that_finishes_reads_the_bytes_back_once_unless_it_has_received_all(bool atAnother)
    {
        var (content, finisher) = (Content[..3_000_000], atAnother ? _b : _a);
        var id = await _a.BeginAsync();
        Assert.Equal(1_000_000, (await _a.AppendAsync(id, 0, content[..1_000_000])).Value);
        Assert.Equal(content.Length, (await _a.AppendAsync(id, 1_000_000, content[1_000_000..])).Value);
        Volatile.Write(ref _reads, 0);

        Assert.Equal(content.Length, (await finisher.CompleteAsync(id, content.Length, content)).Value);

        Assert.Equal(atAnother ? 1 : 0, Volatile.Read(ref _reads));
        Assert.Equal(content, await _a.ReadAsync(Samples.Digest(content)));
    }

    [Fact]
    public async Task A_request_that_finds_the_upload_in_use_by_another_node_is_told_so_and_later_goes_on()
    {
        var id = await _a.BeginAsync();
        await using (var used = await _a.AcquireAsync(id))
        {
            await used.AppendAsync(Samples.Body(Content[..10]), DigestAlgorithm.Sha256, Cancel);
            Assert.Same(RegistryErrorCode.UploadInUse, (await _b.AppendAsync(id, 0, Content)).Error?.Code);
            Assert.Same(RegistryErrorCode.UploadInUse, (await _a.AppendAsync(id, 0, Content)).Error?.Code);
        }

        Assert.Equal(20, (await _b.AppendAsync(id, 10, Content[10..20])).Value);
    }

    [Fact]
    public async Task Many_writers_on_two_nodes_take_turns_and_none_is_lost()
    {
        var id = await _a.BeginAsync();
        var accepted = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(
            async () =>
            {
                for (var turn = 0; turn < 10; turn++)
                {
                    await using var upload = await (i % 2 == 0 ? _a : _b).Uploads.TryAcquireAsync(id);
                    if (upload is not null)
                    {
                        var before = upload.Length;
                        await upload.AppendAsync(Samples.Body([7, 7, 7]), DigestAlgorithm.Sha256, Cancel);
                        Assert.Equal(before + 3, upload.Length);
                        Interlocked.Increment(ref accepted);
                    }
                }
            },
            Cancel)));
        Assert.NotEqual(0, accepted);
        byte[] whole = [.. Enumerable.Repeat((byte)7, 3 * accepted), .. Content];
        Assert.Equal(whole.Length, (await _b.CompleteAsync(id, 3 * accepted, whole)).Value);
    }

    [Fact]
    public async Task What_a_node_had_stored_when_it_was_frozen_is_kept_and_another_goes_on_at_the_exact_offset()
    {
        var id = await _a.BeginAsync();
        var lost = await _a.AcquireAsync(id);
        await lost.AppendAsync(Samples.Body(Content[..(PartSize + 1)]), DigestAlgorithm.Sha256, Cancel);
        await SharedDatabase.FreezeAsync(_database, _a.Database.Process);

        // The row has no byte yet, and one byte was in the memory of the frozen node.
        var refused = await _b.AppendAsync(id, 0, Content);
        Assert.Contains("the upload has 5242880 bytes", refused.Error!.Details[0], StringComparison.Ordinal);
        Assert.Equal(PartSize, (await _b.Uploads.FindAsync(id))?.Length);
        Assert.Equal(Content.Length, (await _b.CompleteAsync(id, PartSize, Content)).Value);
        Assert.Equal(Content, await _b.ReadAsync(Samples.Digest(Content)));
        await Assert.ThrowsAsync<StorageException>(async () => await lost.DisposeAsync());
    }

    [Fact]
    public async Task A_node_that_has_lost_an_upload_while_its_request_went_on_saves_links_and_drops_nothing()
    {
        var id = await _a.BeginAsync();
        await using var lost = await _a.AcquireAsync(id);
        lost.Mark();
        await lost.AppendAsync(Samples.Body(Content[..(PartSize + 1)]), DigestAlgorithm.Sha256, Cancel);
        await SharedDatabase.FreezeAsync(_database, _a.Database.Process);
        var acknowledged = 2 * PartSize;
        await using (var taken = await _b.AcquireAsync(id))
        {
            await taken.AppendAsync(Samples.Body(Content[PartSize..acknowledged]), DigestAlgorithm.Sha256, Cancel);
            Assert.True(await taken.SaveAsync());
        }

        await Assert.ThrowsAsync<StorageException>(() => lost.AppendAsync(Samples.Body(Samples.Bytes(9, PartSize)), DigestAlgorithm.Sha256, Cancel));
        await Assert.ThrowsAsync<StorageException>(lost.RewindAsync);
        await Assert.ThrowsAsync<StorageException>(() => lost.CommitAsync(Samples.Digest(Content)));
        Assert.Same(RegistryErrorCode.UploadTakenOver, (await _a.LinkAsync(Samples.Digest("blob"), lost.Lease))?.Code);
        Assert.False(await lost.SaveAsync());
        await _b.DeleteDueAsync();

        Assert.Equal(acknowledged, (await _b.Uploads.FindAsync(id))?.Length);
        Assert.Equal(Content.Length, (await _b.CompleteAsync(id, acknowledged, Content)).Value);
        Assert.Equal(Content, await _b.ReadAsync(Samples.Digest(Content)));
        Assert.Single(await ListObjectsAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_node_that_has_lost_an_upload_before_it_sent_a_byte_sends_none(bool isReleased)
    {
        var id = await _a.BeginAsync();
        Assert.Equal(PartSize, (await _a.AppendAsync(id, 0, Content[..PartSize])).Value);
        await using var lost = await _a.AcquireAsync(id);
        await SharedDatabase.FreezeAsync(_database, _a.Database.Process);
        await using (var taken = await _b.AcquireAsync(id))
        {
            if (isReleased)
            {
                Assert.True(await taken.SaveAsync());
            }

            await Assert.ThrowsAsync<StorageException>(() => lost.AppendAsync(Samples.Body(Samples.Bytes(9, PartSize + 1)), DigestAlgorithm.Sha256, Cancel));
            await Assert.ThrowsAsync<StorageException>(() => lost.CommitAsync(Samples.Digest(Content)));
            Assert.False(await lost.SaveAsync());
        }

        await _b.DeleteDueAsync();
        Assert.Equal(Content.Length, (await _b.CompleteAsync(id, PartSize, Content)).Value);
        Assert.Equal(Content, await _b.ReadAsync(Samples.Digest(Content)));
    }

    [Fact]
    public async Task A_node_that_starts_leaves_the_uploads_of_others()
    {
        var id = await _a.BeginAsync();
        Assert.Equal(PartSize + 5, (await _a.AppendAsync(id, 0, Content[..(PartSize + 5)])).Value);
        await using var used = await _a.AcquireAsync(await _a.BeginAsync());
        await used.AppendAsync(Samples.Body(Content[..(PartSize + 5)]), DigestAlgorithm.Sha256, Cancel);
        await using var node = await Node.StartAsync(_database, _bucket);
        await node.DeleteDueAsync();
        Assert.True(await used.SaveAsync());
        Assert.Equal(Content.Length, (await node.CompleteAsync(used.Lease.Id, PartSize + 5, Content)).Value);
        Assert.Equal(Content.Length, (await node.CompleteAsync(id, PartSize + 5, Content)).Value);
    }

    [Fact]
    public async Task Two_nodes_expire_each_idle_upload_once_and_none_in_use()
    {
        var ids = new List<Guid>();
        for (var i = 0; i < 10; i++)
        {
            ids.Add(await (i % 2 == 0 ? _a : _b).BeginAsync());
            Assert.Equal(10, (await (i % 3 == 0 ? _a : _b).AppendAsync(ids[i], 0, Content[..10])).Value);
        }

        await using var used = await _a.AcquireAsync(ids[0]);
        await SharedDatabase.AdvanceAsync(_database, TimeSpan.FromHours(1));
        Assert.Equal(11, (await _b.AppendAsync(ids[1], 10, Content[10..11])).Value);

        var expired = await Task.WhenAll(new[] { _a, _b }.Select(node => Task.Run(() => node.Expiry.RunAsync(Cancel), Cancel)));
        Assert.Equal(8, expired.Sum());
        Assert.Equal(ids[..2].Order(), (await _b.Uploads.ListAsync()).Select(upload => upload.Id).Order());
        Assert.Equal(2, (await ListObjectsAsync()).Count);
    }

    [Fact]
    public async Task An_upload_without_a_byte_gives_way_to_one_on_another_node()
    {
        var ids = new List<Guid>();
        for (var i = 0; i < Node.MaxUploads; i++)
        {
            ids.Add(await (i % 2 == 0 ? _a : _b).BeginAsync("alice"));
            Assert.NotEqual(Guid.Empty, ids[i]);
            await SharedDatabase.AdvanceAsync(_database, TimeSpan.FromSeconds(1));
        }

        await using var used = await _a.AcquireAsync(ids[0]);
        Assert.Equal(1, (await _a.AppendAsync(ids[1], 0, [1], "alice")).Value);
        Assert.Equal(Guid.Empty, await _b.BeginAsync("bob"));
        await SharedDatabase.AdvanceAsync(_database, TimeSpan.FromMinutes(1));
        Assert.NotEqual(Guid.Empty, await _b.BeginAsync("bob"));

        Assert.Null(await _a.Uploads.FindAsync(ids[2]));
        Assert.Equal(Node.MaxUploads, (await _a.Uploads.ListAsync()).Count);
    }

    [Fact]
    public async Task A_session_that_could_not_be_released_is_released_later()
    {
        await using var node = await Node.StartAsync(_database with { LockTimeout = TimeSpan.FromMilliseconds(20) }, _bucket);
        var id = await node.BeginAsync();
        var upload = await node.AcquireAsync(id);
        await upload.AppendAsync(Samples.Body(Content[..10]), DigestAlgorithm.Sha256, Cancel);
        await using (var connection = new NpgsqlConnection(_database.ConnectionString))
        {
            await connection.OpenAsync(Cancel);
            await using var transaction = await connection.BeginTransactionAsync(Cancel);
            await using var command = new NpgsqlCommand("SELECT id FROM uploads FOR SHARE", connection);
            await command.ExecuteNonQueryAsync(Cancel);
            await Assert.ThrowsAsync<StorageException>(async () => await upload.DisposeAsync());
        }

        Assert.Null(await _b.Uploads.TryAcquireAsync(id));
        Assert.Equal(0, await node.Expiry.RunAsync(Cancel));
        Assert.Equal(20, (await _b.AppendAsync(id, 10, Content[10..20])).Value);
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _bucket.DisposeAsync();
    }

    private async Task<IReadOnlyList<string?>> ListObjectsAsync() =>
        await _b.Blobs.ListAsync(cancellationToken: Cancel).Select(found => found.Key).ToListAsync(Cancel);
}
