using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Bytes;

/// <summary>Bodies that break off, and the bytes that had arrived before.</summary>
public abstract partial class UploadStoreContract
{
    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 1)]
    [InlineData(false, 1000)]
    [InlineData(false, 1_000_000)]
    [InlineData(true, 0)]
    [InlineData(true, 1)]
    [InlineData(true, 1000)]
    [InlineData(true, 1_000_000)]
    public async Task When_a_body_breaks_off_what_arrived_is_kept_and_the_upload_goes_on(bool overStream, int arrived)
    {
        var content = Samples.Bytes(10, 1_200_000);
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        await AppendAsync(session.Id, content[..10]);
        await using (var upload = await AcquireAsync(session.Id))
        {
            var body = BreakingBody.Create(overStream, content[10..(10 + arrived)]);
            var thrown = await Assert.ThrowsAsync<IOException>(() => upload.AppendAsync(body, DigestAlgorithm.Sha256, default));
            Assert.Equal(BreakingBody.Message, thrown.Message);
            Assert.Equal(10 + arrived, upload.Length);
        }

        Assert.Equal(10 + arrived, (await Uploads.FindAsync(session.Id))!.Length);
        await AppendAsync(session.Id, content[(10 + arrived)..]);
        await CommitAsync(session.Id, content, DigestAlgorithm.Sha256);
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(10, 0)]
    [InlineData(10, 1000)]
    [InlineData(700_000, 1_500_000)]
    public async Task What_came_after_the_mark_can_be_dropped_and_the_upload_goes_on_from_there(int before, int after)
    {
        var content = Samples.Bytes(11, 800_000);
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        await AppendAsync(session.Id, content[..before]);
        for (var attempt = 0; attempt < 2; attempt++)
        {
            await using var upload = await AcquireAsync(session.Id);
            upload.Mark();
            await upload.AppendAsync(Samples.Body(Samples.Bytes(attempt, after)), DigestAlgorithm.Sha256, default);
            Assert.Equal(before + after, upload.Length);
            Assert.Equal(before, (await Uploads.FindAsync(session.Id))!.Length);

            await upload.RewindAsync();
            Assert.Equal(before, upload.Length);
            Assert.True(await upload.MatchesAsync(Samples.Digest(content.AsSpan(0, before))));
        }

        Assert.Equal(before, (await Uploads.FindAsync(session.Id))!.Length);
        await AppendAsync(session.Id, content[before..]);
        await CommitAsync(session.Id, content, DigestAlgorithm.Sha256);
    }

    [Fact]
    public async Task Without_rewinding_a_mark_ends_with_its_request_and_the_bytes_are_kept()
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        await using (var upload = await AcquireAsync(session.Id))
        {
            upload.Mark();
            await upload.AppendAsync(Samples.Body([1, 2, 3]), DigestAlgorithm.Sha256, default);
        }

        Assert.Equal(3, (await Uploads.FindAsync(session.Id))!.Length);
        await using (var upload = await AcquireAsync(session.Id))
        {
            await upload.RewindAsync();
        }

        await CommitAsync(session.Id, [1, 2, 3], DigestAlgorithm.Sha256);
    }

    [Fact]
    public async Task What_was_rewound_stays_dropped_after_a_restart()
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        await AppendAsync(session.Id, [1, 2, 3]);
        await using (var upload = await AcquireAsync(session.Id))
        {
            upload.Mark();
            await upload.AppendAsync(Samples.Body([4, 5]), DigestAlgorithm.Sha512, default);
            await upload.RewindAsync();
        }

        await engine.ReopenAsync();
        Assert.Equal(3, (await Uploads.FindAsync(session.Id))!.Length);
        await CommitAsync(session.Id, [1, 2, 3], DigestAlgorithm.Sha256);
    }

    [Fact]
    public async Task A_position_is_saved_when_a_body_breaks_off_and_when_the_upload_begins_again()
    {
        var session = await Uploads.CreateAsync(Repository, null, DigestAlgorithm.Sha256);
        var content = Samples.Bytes(7, checked((int)engine.UploadBytes.PositionLag + 1));
        await using (var upload = await AcquireAsync(session.Id))
        {
            await Assert.ThrowsAsync<IOException>(() => upload.AppendAsync(BreakingBody.Create(false, content), DigestAlgorithm.Sha256, default));
        }

        Assert.Equal(content.Length, Assert.Single(engine.Sessions.TakeOver()).Position);
        await using (var upload = await AcquireAsync(session.Id))
        {
            await upload.CommitAsync(Samples.Digest(content));
        }

        Assert.Equal(0, Assert.Single(engine.Sessions.TakeOver()).Position);
    }
}
