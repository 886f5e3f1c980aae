using System.Buffers;
using System.IO.Pipelines;
using Registry.Core.Oci;
using Registry.Core.Uploads;

namespace Registry.Storage.Contracts.Bytes;

/// <summary>Contract of <see cref="IUploadBytes"/>, for the engine that keeps the bytes of blobs.</summary>
public abstract class UploadBytesContract(IByteEngine engine) : IAsyncDisposable
{
    private IUploadBytes Bytes => engine.UploadBytes;

    [Fact]
    public async Task Nothing_is_stored_before_the_first_byte()
    {
        var id = Guid.NewGuid();
        await using (var content = Bytes.Open(id, 0))
        {
            Assert.Equal(0, content.Length);
        }

        Assert.Empty(Bytes.Recover([id]));
        await Bytes.DiscardAsync(id);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(5000, false)]
    [InlineData(300_000, true)]
    [InlineData(1_000_000, true)]
    public async Task Bytes_are_hashed_as_they_are_appended_and_become_a_blob(int length, bool isHashed)
    {
        var content = Samples.Bytes(1, 3 * length);
        using var hash = DigestAlgorithm.Sha256.CreateHash();
        await using var upload = Bytes.Open(Guid.NewGuid(), 0);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(i * length, upload.Length);
            await upload.AppendAsync(await SegmentsAsync(content[(i * length)..((i + 1) * length)]), isHashed ? hash : null);
        }

        if (!isHashed)
        {
            await upload.HashAsync(hash);
        }

        Assert.Equal(Samples.Digest(content), Digest.FromHash(DigestAlgorithm.Sha256, hash.GetCurrentHash()));
        Assert.Equal(content, await upload.ReadAsync());
        var place = await upload.CommitAsync(Samples.Digest(content));
        Assert.Equal(Samples.Digest(content), place.Digest);
        Assert.Equal(content, await engine.Blobs.ReadAsync(place));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(400_000)]
    public async Task Appending_goes_on_where_the_bytes_were_truncated(int kept)
    {
        var content = Samples.Bytes(1, 1_000_000);
        await using var upload = Bytes.Open(Guid.NewGuid(), 0);
        await upload.AppendAsync(new(content[..400_000]), null);
        await upload.AppendAsync(new(Samples.Bytes(2, 500_000)), null);
        await upload.TruncateAsync(kept);
        Assert.Equal(kept, upload.Length);
        await upload.AppendAsync(new(content[kept..]), null);
        Assert.Equal(content, await upload.ReadAsync());
    }

    [Fact]
    public async Task Another_request_goes_on_at_the_end_of_the_bytes()
    {
        var id = Guid.NewGuid();
        await using (var first = Bytes.Open(id, 0))
        {
            await first.AppendAsync(new("one, "u8.ToArray()), null);
            await first.FlushAsync();
        }

        await using var second = Bytes.Open(id, 5);
        await second.AppendAsync(new("two"u8.ToArray()), null);
        Assert.Equal("one, two"u8.ToArray(), await second.ReadAsync());
    }

    [Fact]
    public async Task Bytes_of_a_session_are_found_after_a_restart()
    {
        var session = await engine.Uploads.CreateAsync(Samples.Repository("a"), null, DigestAlgorithm.Sha256);
        await using (var upload = Bytes.Open(session.Id, 0))
        {
            await upload.AppendAsync(new("blob"u8.ToArray()), null);
            await upload.FlushAsync();
        }

        await engine.ReopenAsync();
        Assert.Equal(4, Bytes.Recover([session.Id])[session.Id]);
        await using var again = Bytes.Open(session.Id, 4);
        Assert.Equal("blob"u8.ToArray(), await again.ReadAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(6_000_000)]
    public async Task A_process_that_takes_the_bytes_over_learns_how_many_there_are_and_can_discard_them(int length)
    {
        var id = Guid.NewGuid();
        var content = Samples.Bytes(1, length);
        await using (var upload = Bytes.Open(id, 0))
        {
            await upload.AppendAsync(new(content), null);
            await upload.FlushAsync();
        }

        Assert.Equal(length, await Bytes.TakeOverAsync(id));
        await using (var again = Bytes.Open(id, length))
        {
            Assert.Equal(content, await again.ReadAsync());
        }

        await Bytes.DiscardAsync(id);
        Assert.Equal(0, await Bytes.TakeOverAsync(id));
    }

    [Fact]
    public async Task Bytes_without_a_session_are_removed()
    {
        var (kept, removed) = (Guid.NewGuid(), Guid.NewGuid());
        foreach (var id in new[] { kept, removed })
        {
            await using var upload = Bytes.Open(id, 0);
            await upload.AppendAsync(new("blob"u8.ToArray()), null);
            await upload.FlushAsync();
        }

        Assert.Equal(4, Bytes.Recover([kept])[kept]);
        Assert.Empty(Bytes.Recover([removed]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(300_000)]
    [InlineData(20_000_000)]
    public async Task What_was_appended_since_the_content_was_opened_can_be_dropped(int kept)
    {
        var id = Guid.NewGuid();
        var content = Samples.Bytes(1, kept + 500_000);
        await using (var first = Bytes.Open(id, 0))
        {
            await first.AppendAsync(new(content[..kept]), null);
            await first.FlushAsync();
        }

        await using var upload = Bytes.Open(id, kept);
        await upload.AppendAsync(new(Samples.Bytes(2, 17_000_000)), null);
        await upload.TruncateAsync(kept);
        Assert.Equal(kept, upload.Length);
        await upload.AppendAsync(new(content[kept..]), null);
        await upload.FlushAsync();
        await upload.AppendAsync(new(Samples.Bytes(3, 16_500_000)), null);
        byte[] whole = [.. content, .. Samples.Bytes(3, 16_500_000)];
        Assert.Equal(whole, await engine.Blobs.ReadAsync(await upload.CommitAsync(Samples.Digest(whole))));
    }

    [Fact]
    public async Task Discarded_bytes_are_gone_and_the_upload_begins_again()
    {
        var id = Guid.NewGuid();
        await using (var upload = Bytes.Open(id, 0))
        {
            await upload.AppendAsync(new("damaged"u8.ToArray()), null);
            await upload.FlushAsync();
        }

        await Bytes.DiscardAsync(id);
        await Bytes.DiscardAsync(id);
        await using var again = Bytes.Open(id, 0);
        await again.AppendAsync(new("blob"u8.ToArray()), null);
        Assert.Equal("blob"u8.ToArray(), await again.ReadAsync());
    }

    [Fact]
    public async Task Many_uploads_at_once_do_not_mix()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () =>
        {
            var content = Samples.Bytes(i, 700_000 + i);
            await using var upload = Bytes.Open(Guid.NewGuid(), 0);
            await upload.AppendAsync(new(content[..300_000]), null);
            await upload.AppendAsync(new(content[300_000..]), null);
            Assert.Equal(content, await engine.Blobs.ReadAsync(await upload.CommitAsync(Samples.Digest(content))));
        })));
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    // As a connection delivers them: in segments.
    private static async Task<ReadOnlySequence<byte>> SegmentsAsync(byte[] content)
    {
        var pipe = new Pipe(new PipeOptions(minimumSegmentSize: 4096, pauseWriterThreshold: 0));
        foreach (var part in content.Chunk(3000))
        {
            pipe.Writer.Write(part);
        }

        await pipe.Writer.CompleteAsync();
        return (await pipe.Reader.ReadAsync()).Buffer;
    }
}
