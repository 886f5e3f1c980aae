using System.IO.Pipelines;
using Registry.Core.Metadata;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Core.Uploads;

namespace Registry.Storage.Contracts.Bytes;

/// <summary>Contract of <see cref="UploadStore"/>.</summary>
public abstract partial class UploadStoreContract(IByteEngine engine) : IAsyncDisposable
{
    private static readonly RepositoryName Repository = Samples.Repository("team/app");

    private UploadStore Uploads => engine.Uploads;

    [Fact]
    public async Task A_new_upload_is_empty_and_remembers_whose_it_is()
    {
        var session = await Uploads.CreateAsync(Repository, "alice", DigestAlgorithm.Sha512);
        Assert.Equal(new UploadSession(session.Id, Repository, "alice", DigestAlgorithm.Sha512, 0, TimeSpan.Zero), session);
        Assert.Equal(session, await Uploads.FindAsync(session.Id));
        Assert.Equal([session], await Uploads.ListAsync());
    }

    [Fact]
    public async Task An_anonymous_upload_has_no_owner() =>
        Assert.Null((await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256)).Owner);

    [Fact]
    public async Task An_unknown_upload_is_not_there()
    {
        Assert.Null(await Uploads.FindAsync(Guid.NewGuid()));
        Assert.Null(await Uploads.TryAcquireAsync(Guid.NewGuid()));
        Assert.Empty(await Uploads.ListAsync());
    }

    [Theory]
    [InlineData(new[] { 0 })]
    [InlineData(new[] { 1 })]
    [InlineData(new[] { 1, 0, 2 })]
    [InlineData(new[] { 300_000, 5, 1_000_000 })]
    [InlineData(new[] { 10_000_000 })]
    public async Task Chunks_add_up_to_a_blob(int[] lengths)
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        var content = new List<byte>();
        foreach (var length in lengths)
        {
            var chunk = Samples.Bytes(content.Count, length);
            content.AddRange(chunk);
            await AppendAsync(session.Id, chunk);
            Assert.Equal(content.Count, (await Uploads.FindAsync(session.Id))!.Length);
        }

        await CommitAsync(session.Id, [.. content], DigestAlgorithm.Sha256);
    }

    [Fact]
    public async Task A_body_that_comes_in_drops_arrives_whole()
    {
        var content = Samples.Bytes(4, 400_000);
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        var pipe = new Pipe();
        var writing = Task.Run(async () =>
        {
            foreach (var drop in content.Chunk(777))
            {
                await pipe.Writer.WriteAsync(drop);
            }

            await pipe.Writer.CompleteAsync();
        });
        await using (var upload = await AcquireAsync(session.Id))
        {
            await upload.AppendAsync(pipe.Reader, DigestAlgorithm.Sha256, default);
        }

        await writing;
        await CommitAsync(session.Id, content, DigestAlgorithm.Sha256);
    }

    [Fact]
    public async Task Many_large_uploads_at_once_do_not_mix()
    {
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(async () =>
        {
            var content = Samples.Bytes(i, 3_000_000 + (i * 77_777));
            var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
            await AppendAsync(session.Id, content[..1_000_000]);
            await AppendAsync(session.Id, content[1_000_000..]);
            await CommitAsync(session.Id, content, DigestAlgorithm.Sha256);
        })));
    }

    [Fact]
    public async Task A_digest_that_does_not_match_leaves_the_upload_as_it_is()
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        var (first, second) = (Samples.Bytes(1, 100), Samples.Bytes(2, 100));
        await AppendAsync(session.Id, first);
        await using (var upload = await AcquireAsync(session.Id))
        {
            Assert.False(await upload.MatchesAsync(Samples.Digest(second)));
            Assert.True(await upload.MatchesAsync(Samples.Digest(first)));
            Assert.True(await upload.MatchesAsync(Samples.Digest(first)));
        }

        await AppendAsync(session.Id, second);
        await CommitAsync(session.Id, [.. first, .. second], DigestAlgorithm.Sha256);
    }

    [Fact]
    public async Task An_empty_upload_matches_the_digest_of_nothing_in_either_algorithm()
    {
        foreach (var algorithm in DigestAlgorithm.All)
        {
            var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
            await CommitAsync(session.Id, [], algorithm);
        }
    }

    [Theory]
    [InlineData("sha256", "sha512")]
    [InlineData("sha512", "sha256")]
    [InlineData("sha512", "sha512")]
    public async Task The_digest_may_come_in_another_algorithm_than_was_expected(string expected, string actual)
    {
        var content = Samples.Bytes(6, 500_000);
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Find(expected)!);
        await AppendAsync(session.Id, content[..1000], DigestAlgorithm.Find(expected));
        await AppendAsync(session.Id, content[1000..], DigestAlgorithm.Find(actual));
        await CommitAsync(session.Id, content, DigestAlgorithm.Find(actual)!);
    }

    [Fact]
    public async Task An_upload_goes_on_after_a_restart()
    {
        var content = Samples.Bytes(7, 700_000);
        var session = await Uploads.CreateAsync(Repository, "bob", DigestAlgorithm.Sha256);
        await AppendAsync(session.Id, content[..300_000]);
        await engine.ReopenAsync();
        Assert.Equal(
            session with { Length = 300_000, IdleFor = default }, (await Uploads.FindAsync(session.Id))! with { IdleFor = default });
        await AppendAsync(session.Id, content[300_000..]);
        await CommitAsync(session.Id, content, DigestAlgorithm.Sha256);
    }

    [Fact]
    public async Task A_position_that_is_further_ahead_than_may_be_is_saved_before_the_next_request()
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        var piece = Samples.Bytes(7, checked((int)Math.Max(1, engine.UploadBytes.PositionLag / 2)));
        var saved = 0L;
        for (var pieces = 1; pieces <= 4; pieces++)
        {
            await using (var upload = await AcquireAsync(session.Id))
            {
                await upload.AppendAsync(Samples.Body(piece), DigestAlgorithm.Sha256, default);
                Assert.True(await upload.SaveAsync());
            }

            var length = pieces * (long)piece.Length;
            saved = length - saved >= engine.UploadBytes.PositionLag ? length : saved;
            Assert.Equal(saved, Assert.Single(engine.Sessions.TakeOver()).Position);
        }

        Assert.True(saved > 0);
    }

    [Fact]
    public async Task An_upload_that_another_process_has_taken_over_is_no_longer_here()
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        Assert.Equal(2, Assert.Single(engine.OpenSessions().TakeOver()).Generation);
        await using (var upload = await AcquireAsync(session.Id))
        {
            await upload.AppendAsync(Samples.Body(Samples.Bytes(7, checked((int)engine.UploadBytes.PositionLag + 1))), DigestAlgorithm.Sha256, default);
            Assert.False(await upload.SaveAsync());
        }

        await AssertGoneAsync(session.Id);
        Assert.Single(engine.OpenSessions().TakeOver());
    }

    [Fact]
    public async Task A_restart_starts_the_idle_time_again()
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        engine.Advance(TimeSpan.FromHours(2));
        Assert.Equal(TimeSpan.FromHours(2), (await Uploads.FindAsync(session.Id))!.IdleFor);
        await engine.ReopenAsync();
        Assert.Equal(TimeSpan.Zero, (await Uploads.FindAsync(session.Id))!.IdleFor);
    }

    [Fact]
    public async Task An_upload_is_idle_since_its_last_byte_and_never_while_a_request_has_it()
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        engine.Advance(TimeSpan.FromMinutes(5));
        await AppendAsync(session.Id, [1]);
        engine.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(TimeSpan.FromMinutes(3), (await Uploads.ListAsync()).Single().IdleFor);
        await using var upload = await AcquireAsync(session.Id);
        Assert.Equal(TimeSpan.Zero, (await Uploads.ListAsync()).Single().IdleFor);
    }

    [Fact]
    public async Task An_aborted_upload_is_gone()
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        await AppendAsync(session.Id, [1, 2, 3]);
        await using (var upload = await AcquireAsync(session.Id))
        {
            await upload.AbortAsync();
            Assert.Null(await Uploads.FindAsync(session.Id));
        }

        await AssertGoneAsync(session.Id);
        await engine.ReopenAsync();
        await AssertGoneAsync(session.Id);
        Assert.Empty(await engine.Blobs.ListAsync().ToListAsync());
    }

    [Fact]
    public async Task A_committed_upload_is_gone_and_stays_gone_once_its_blob_is_linked()
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        await AppendAsync(session.Id, [1, 2, 3]);
        var place = await CommitAsync(session.Id, [1, 2, 3], DigestAlgorithm.Sha256);
        await engine.Metadata.LinkBlobAsync(Repository, place, 3, new UploadLease(session.Id, 1));
        await engine.ReopenAsync();
        await AssertGoneAsync(session.Id);
        Assert.Equal([1, 2, 3], await engine.Blobs.ReadAsync(place));
    }

    [Fact]
    public async Task A_committed_upload_whose_blob_was_not_linked_begins_again()
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        await AppendAsync(session.Id, [1, 2, 3]);
        await using (var upload = await AcquireAsync(session.Id))
        {
            await upload.CommitAsync(Samples.Digest([1, 2, 3]));
        }

        Assert.Equal(0, (await Uploads.FindAsync(session.Id))!.Length);
        await AppendAsync(session.Id, [4, 5]);
        await CommitAsync(session.Id, [4, 5], DigestAlgorithm.Sha256);
    }

    [Fact]
    public async Task Committing_replaces_damaged_bytes()
    {
        var content = Samples.Bytes(8, 1000);
        await engine.Blobs.PutAsync(Samples.Digest(content), Samples.Bytes(9, 10));
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        await AppendAsync(session.Id, content);
        await CommitAsync(session.Id, content, DigestAlgorithm.Sha256);
    }

    [Fact]
    public async Task Who_waits_for_an_upload_is_told_when_the_request_that_has_it_gives_it_back()
    {
        Assert.True(Uploads.ReleasedAsync(Guid.NewGuid()).IsCompleted);
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        Assert.True(Uploads.ReleasedAsync(session.Id).IsCompleted);
        var upload = await AcquireAsync(session.Id);
        var (one, other) = (Uploads.ReleasedAsync(session.Id), Uploads.ReleasedAsync(session.Id));
        Assert.False(one.IsCompleted || other.IsCompleted);
        Assert.True(Uploads.IsInUse(session.Id));

        await upload.DisposeAsync();

        await Task.WhenAll(one, other);
        Assert.True(Uploads.ReleasedAsync(session.Id).IsCompleted);
        Assert.False(Uploads.IsInUse(session.Id));
    }

    [Fact]
    public async Task When_the_request_is_cancelled_what_arrived_is_kept()
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        using var cancel = new CancellationTokenSource();
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
        await using (var upload = await AcquireAsync(session.Id))
        {
            var appending = upload.AppendAsync(pipe.Reader, DigestAlgorithm.Sha256, cancel.Token);
            await pipe.Writer.WriteAsync(new byte[] { 1, 2, 3 }, cancel.Token);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => appending);
        }

        Assert.Equal(3, (await Uploads.FindAsync(session.Id))!.Length);
        await CommitAsync(session.Id, [1, 2, 3], DigestAlgorithm.Sha256);
    }

    [Fact]
    public async Task One_request_at_a_time_has_an_upload()
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        var winners = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(async () => await Uploads.TryAcquireAsync(session.Id))));
        var winner = Assert.Single(winners, upload => upload is not null);
        Assert.NotNull(await Uploads.FindAsync(session.Id));
        await winner!.DisposeAsync();
        await using var next = await AcquireAsync(session.Id);
    }

    [Fact]
    public async Task Many_writers_of_one_upload_take_turns_and_none_is_lost()
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        var accepted = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            for (var turn = 0; turn < 20; turn++)
            {
                await using var upload = await Uploads.TryAcquireAsync(session.Id);
                if (upload is not null)
                {
                    var before = upload.Length;
                    await upload.AppendAsync(Samples.Body([7, 7, 7]), DigestAlgorithm.Sha256, default);
                    Assert.Equal(before + 3, upload.Length);
                    Interlocked.Increment(ref accepted);
                }
            }
        })));
        await CommitAsync(session.Id, [.. Enumerable.Repeat((byte)7, accepted * 3)], DigestAlgorithm.Sha256);
    }

    [Fact]
    public async Task Every_upload_in_progress_is_enumerated()
    {
        var ids = new HashSet<Guid>();
        for (var i = 0; i < 10; i++)
        {
            ids.Add((await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256)).Id);
        }

        Assert.Equal(ids, (await Uploads.ListAsync()).Select(session => session.Id).ToHashSet());
        List<Guid> paged = [];
        for (var page = await Uploads.ListAsync(Guid.Empty, 4); page.Count > 0; page = await Uploads.ListAsync(paged[^1], 4))
        {
            Assert.InRange(page.Count, 1, 4);
            paged.AddRange(page.Select(session => session.Id));
        }

        Assert.Equal(ids.Order(), paged);
        await engine.ReopenAsync();
        Assert.Equal(ids, (await Uploads.ListAsync()).Select(session => session.Id).ToHashSet());
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task<Upload> AcquireAsync(Guid id)
    {
        var upload = await Uploads.TryAcquireAsync(id);
        Assert.NotNull(upload);
        return upload;
    }

    private async Task AppendAsync(Guid id, byte[] chunk, DigestAlgorithm? algorithm = null)
    {
        await using var upload = await AcquireAsync(id);
        await upload.AppendAsync(Samples.Body(chunk), algorithm ?? DigestAlgorithm.Sha256, default);
    }

    private async Task<BlobPlace> CommitAsync(Guid id, byte[] expected, DigestAlgorithm algorithm)
    {
        var digest = algorithm.Compute(expected);
        BlobPlace place;
        await using (var upload = await AcquireAsync(id))
        {
            Assert.True(await upload.MatchesAsync(digest));
            place = await upload.CommitAsync(digest);
            await upload.EndAsync();
        }

        await AssertGoneAsync(id);
        Assert.Equal(digest, place.Digest);
        Assert.Equal(expected, await engine.Blobs.ReadAsync(place));
        return place;
    }

    private async Task AssertGoneAsync(Guid id)
    {
        Assert.Null(await Uploads.FindAsync(id));
        Assert.Null(await Uploads.TryAcquireAsync(id));
        Assert.DoesNotContain(await Uploads.ListAsync(), session => session.Id == id);
    }
}
