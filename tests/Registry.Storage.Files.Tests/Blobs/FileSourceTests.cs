using System.IO.Pipelines;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Contracts.Bytes;

namespace Registry.Storage.Files.Tests.Blobs;

public sealed class FileSourceTests() : BlobSourceContract(new FileSystemEngine())
{
    [Theory]
    [InlineData(0)]
    [InlineData(1_000_000)]
    public async Task A_file_that_has_become_shorter_is_a_fault_and_not_a_short_copy(int left)
    {
        await using var engine = new FileSystemEngine();
        var content = Samples.Bytes(1, 2_000_000);
        var digest = Samples.Digest(content);
        await engine.Blobs.PutAsync(digest, content);
        await using var source = await engine.Blobs.OpenAsync(digest);
        using (var file = File.OpenHandle(engine.Paths.BlobData(digest), FileMode.Open, FileAccess.Write))
        {
            RandomAccess.SetLength(file, left);
        }

        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await Assert.ThrowsAsync<StorageException>(() => source!.CopyToAsync(pipe.Writer, 0, source.Length, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_file_is_given_to_be_sent_and_is_closed_with_its_source()
    {
        await using var engine = new FileSystemEngine();
        var content = Samples.Bytes(1, 2_000_000);
        await engine.Blobs.PutAsync(Samples.Digest(content), content);
        var source = await engine.Blobs.OpenAsync(Samples.Digest(content));
        Assert.True(source!.TryGetFile(out var file));
        Assert.Equal(content.Length, RandomAccess.GetLength(file));
        await source.DisposeAsync();
        Assert.True(file.IsClosed);
    }
}
