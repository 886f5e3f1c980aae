using System.IO.Pipelines;
using Registry.Core.Blobs;

namespace Registry.Storage.Contracts.Bytes;

/// <summary>Contract of <see cref="BlobSource"/>, for the sources that a blob store opens.</summary>
public abstract class BlobSourceContract(IByteEngine engine) : IAsyncDisposable
{
    private const int Large = 3_000_000;

    public static TheoryData<int, int, int> Ranges => new()
    {
        { 5000, 0, 5000 },
        { 5000, 0, 1 },
        { 5000, 4999, 1 },
        { 5000, 17, 0 },
        { Large, 0, Large },
        { Large, 1_234_567, 1_000_000 },
        { Large, Large - 1, 1 },
        { BlobSource.MaxInMemory + 1, 1, BlobSource.MaxInMemory },
    };

    [Theory]
    [MemberData(nameof(Ranges))]
    public async Task A_range_is_copied_byte_for_byte(int length, int offset, int count)
    {
        await using var source = await OpenAsync(length);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await source.CopyToAsync(pipe.Writer, offset, count);
        await pipe.Writer.CompleteAsync();
        Assert.Equal(Samples.Bytes(1, length)[offset..(offset + count)], await ReadAsync(pipe.Reader));
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(Large)]
    public async Task Ranges_are_copied_in_any_order_and_more_than_once(int length)
    {
        await using var source = await OpenAsync(length);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await source.CopyToAsync(pipe.Writer, 4000, 1000);
        await source.CopyToAsync(pipe.Writer, 0, 10);
        await source.CopyToAsync(pipe.Writer, 4000, 1000);
        await pipe.Writer.CompleteAsync();
        var content = Samples.Bytes(1, length);
        byte[] expected = [.. content[4000..5000], .. content[..10], .. content[4000..5000]];
        Assert.Equal(expected, await ReadAsync(pipe.Reader));
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(Large)]
    public async Task The_last_bytes_are_left_for_the_caller_to_flush(int length)
    {
        await using var source = await OpenAsync(length);
        var pipe = new Pipe(new PipeOptions(minimumSegmentSize: 4096, pauseWriterThreshold: 0));
        await source.CopyToAsync(pipe.Writer, 100, 200);
        Assert.False(pipe.Reader.TryRead(out _));
        await pipe.Writer.FlushAsync();
        Assert.True(pipe.Reader.TryRead(out var result));
        Assert.Equal(200, result.Buffer.Length);
    }

    [Fact]
    public async Task A_copy_waits_for_its_reader()
    {
        const int Ahead = 128 * 1024;
        await using var source = await OpenAsync(Large);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: Ahead, resumeWriterThreshold: Ahead / 2, minimumSegmentSize: 4096));
        var copying = CopyAllAsync(source, pipe.Writer, default);
        var result = await pipe.Reader.ReadAtLeastAsync(Ahead);
        Assert.False(copying.IsCompleted);
        Assert.InRange(result.Buffer.Length, Ahead, 2 * Ahead);
        pipe.Reader.AdvanceTo(result.Buffer.Start);
        Assert.Equal(Samples.Bytes(1, Large), await ReadAsync(pipe.Reader));
        await copying;
    }

    [Fact]
    public async Task A_copy_whose_reader_has_completed_ends_early()
    {
        await using var source = await OpenAsync(Large);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, minimumSegmentSize: 4096));
        var copying = source.CopyToAsync(pipe.Writer, 0, Large);
        await pipe.Reader.ReadAsync();
        await pipe.Reader.CompleteAsync();
        await copying;
    }

    [Fact]
    public async Task A_copy_that_is_cancelled_stops()
    {
        await using var source = await OpenAsync(Large);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, minimumSegmentSize: 4096));
        using var cancel = new CancellationTokenSource();
        var copying = source.CopyToAsync(pipe.Writer, 0, Large, cancel.Token);
        await pipe.Reader.ReadAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copying);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(BlobSource.MaxInMemory)]
    public async Task Small_content_is_in_memory(int length)
    {
        await using var source = await OpenAsync(length);
        Assert.True(source.TryGetMemory(out var bytes));
        Assert.Equal(Samples.Bytes(1, length), bytes.ToArray());
    }

    [Fact]
    public async Task Large_content_is_not_held_in_memory_and_read_as_a_whole_only_when_asked()
    {
        await using var source = await OpenAsync(Large);
        Assert.False(source.TryGetMemory(out _));
        Assert.Equal(Samples.Bytes(1, Large), (await source.ReadAsync()).ToArray());
    }

    [Fact]
    public async Task Two_sources_of_the_same_content_do_not_depend_on_each_other()
    {
        await using var one = await OpenAsync(Large);
        await using (var other = await OpenAsync(Large))
        {
            Assert.Equal(Large, other.Length);
        }

        Assert.Equal(Samples.Bytes(1, Large), (await one.ReadAsync()).ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task<BlobSource> OpenAsync(int length)
    {
        var content = Samples.Bytes(1, length);
        var digest = Samples.Digest(content);
        var source = await engine.Blobs.OpenAsync(await engine.Blobs.PutAsync(digest, content));
        Assert.NotNull(source);
        Assert.Equal(length, source.Length);
        return source;
    }

    private static async Task CopyAllAsync(BlobSource source, PipeWriter destination, CancellationToken cancellationToken)
    {
        await source.CopyToAsync(destination, 0, source.Length, cancellationToken);
        await destination.CompleteAsync();
    }

    private static async Task<byte[]> ReadAsync(PipeReader reader)
    {
        var content = new MemoryStream();
        await reader.CopyToAsync(content);
        return content.ToArray();
    }
}
