using System.Runtime.Versioning;
using Registry.Core.Verification;
using Registry.Files;
using Registry.Storage.Contracts;
using Registry.Storage.Files.Blobs;

namespace Registry.Storage.Files.Tests.Blobs;

public sealed class ScrubbedFileTests : IAsyncDisposable
{
    private const int Size = 3_000_000;
    private readonly FileSystemEngine _engine = new();

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Fact]
    public async Task A_file_is_read_in_pieces_and_may_be_read_again()
    {
        var digest = Samples.Digest(Samples.Bytes(1, Size));
        await _engine.Blobs.PutAsync(digest, Samples.Bytes(1, Size));
        using var file = await Scrub().OpenAsync(digest);
        Assert.NotNull(file);
        Assert.Equal(Size, file.Length);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(Size, await ReadAsync(file));
            Assert.True(file.EndsWhole());
        }

        await file.ReadPieceAsync();
        Assert.False(file.EndsWhole());
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_not_opened() => Assert.Null(await Scrub().OpenAsync(Samples.Digest("nothing")));

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task What_was_in_memory_stays_there_and_the_rest_does_not_come_to_it()
    {
        var digest = Samples.Digest(Samples.Bytes(1, Size));
        await _engine.Blobs.PutAsync(digest, Samples.Bytes(1, Size));
        using var handle = File.OpenHandle(_engine.Paths.BlobData(digest));
        PageCache.Load(handle, 0, Size);
        var whenLoaded = PageCache.FindWhole(handle, 0, Size);
        PageCache.Drop(handle);
        var whenDropped = PageCache.FindWhole(handle, 0, Size);

        // Kernels that cannot tell, and file systems in memory, cannot be tested.
        if (whenLoaded is not true || whenDropped is not false)
        {
            return;
        }

        await VerifyAsync();
        Assert.False(PageCache.FindWhole(handle, 0, Size));

        PageCache.Load(handle, 0, Size);
        await VerifyAsync();
        Assert.True(PageCache.FindWhole(handle, 0, Size));

        async Task VerifyAsync()
        {
            using var file = await Scrub().OpenAsync(digest);
            await ReadAsync(file!);
            Assert.True(file!.EndsWhole());
        }
    }

    private static async Task<long> ReadAsync(IScrubbedBlob file)
    {
        var total = 0L;
        while (await file.ReadPieceAsync() is var count and > 0)
        {
            total += count;
        }

        return total;
    }

    private BlobScrub Scrub() => new(_engine.Paths, _engine.Threads, new CheckedSync(_engine.Health));
}
