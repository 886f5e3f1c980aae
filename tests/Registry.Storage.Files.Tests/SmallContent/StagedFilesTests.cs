using Microsoft.Extensions.Logging;
using Registry.Core.Oci;
using Registry.Core.SmallContent;
using Registry.Core.Storage;
using Registry.Storage.Contracts;
using Registry.Storage.Files.Blobs;
using Registry.Storage.Files.SmallContent;
using Registry.Storage.Files.Space;

namespace Registry.Storage.Files.Tests.SmallContent;

/// <summary>Small content between its commit and its file: pushes, deletes and faults meanwhile.</summary>
public sealed class StagedFilesTests
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly Tag Latest = Tag.Parse("latest");
    private static readonly Digest Blob = Samples.Digest("blob");

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(Core.SmallContent.Staging.MaxSize, true)]
    [InlineData(Core.SmallContent.Staging.MaxSize + 1, false)]
    public async Task Small_content_has_a_row_at_first_and_a_file_afterwards_and_larger_content_has_a_file(int size, bool isStaged)
    {
        await using var storage = await TestStorage.CreateAsync();
        var content = Samples.Bytes(1, size);
        var digest = await storage.PushBlobAsync(A, content);
        await AssertReadAsync(storage, digest, content);
        Assert.Equal(isStaged, await storage.Storage.Staged.FindAsync(digest) is not null);
        Assert.Equal(!isStaged, HasFile(storage, digest));

        await storage.WriteOutAsync();

        Assert.Equal(content, await File.ReadAllBytesAsync(storage.Paths.BlobData(digest)));
        Assert.Equal(0, storage.Storage.Staged.Weight);
        await AssertReadAsync(storage, digest, content);
        Assert.Empty(Directory.EnumerateFileSystemEntries(storage.Paths.Uploads));
    }

    [Fact]
    public async Task An_image_waits_for_its_commits_only_and_is_in_its_files_a_second_later()
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app", "latest");
        Assert.False(HasFile(storage, Samples.Digest(image)));
        Assert.Empty(FolderContent.List(storage.Paths.Blobs));

        await Eventually.TrueAsync(() =>
        {
            storage.Time.Advance(TimeSpan.FromSeconds(1));
            return storage.Storage.Staged.Weight == 0;
        });

        Assert.Equal(3, FolderContent.List(storage.Paths.Blobs).Count);
        Assert.Equal(image, await storage.GetAsync(A, Latest));
        Assert.Null(storage.Storage.Files!.TreeFailure);
    }

    [Fact]
    public async Task A_stop_writes_all_of_it()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        await storage.CloseAsync();
        Assert.Equal(3, FolderContent.List(storage.Paths.Blobs).Count);
        Assert.Equal(0, storage.Storage.Files!.LeftStaged);
    }

    [Fact]
    public async Task After_a_kill_it_is_still_there_and_the_next_process_writes_it()
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app", "latest");
        await storage.ReopenAsync(cleanly: false);
        Assert.Empty(FolderContent.List(storage.Paths.Blobs));
        Assert.Equal(image, await storage.GetAsync(A, Latest));
        await storage.WriteOutAsync();
        Assert.Equal(3, FolderContent.List(storage.Paths.Blobs).Count);
    }

    [Fact]
    public async Task Deleted_and_collected_before_its_file_has_its_name_it_gets_none()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        var staged = new GatedStagedContent(storage.Storage.Staged) { AfterList = () => RemoveAsync(storage) };

        await WriteOutAsync(storage, staged);

        Assert.Empty(FolderContent.List(storage.Paths.Blobs));
        Assert.Empty(Directory.EnumerateFileSystemEntries(storage.Paths.Uploads));
        Assert.Null(await storage.Storage.Blobs.StatAsync(Blob));
    }

    [Fact]
    public async Task Deleted_collected_and_pushed_again_before_its_row_is_removed_the_row_of_the_push_stays()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        var staged = new GatedStagedContent(storage.Storage.Staged)
        {
            BeforeRemove = async () =>
            {
                Assert.True(HasFile(storage, Blob));
                await RemoveAsync(storage);
                Assert.False(HasFile(storage, Blob));
                await storage.PushBlobAsync(A, "blob");
            },
        };

        await WriteOutAsync(storage, staged);

        Assert.False(HasFile(storage, Blob));
        await AssertReadAsync(storage, Blob, Samples.Text("blob"));
        await storage.WriteOutAsync();
        Assert.True(HasFile(storage, Blob));
        await AssertReadAsync(storage, Blob, Samples.Text("blob"));
    }

    [Fact]
    public async Task Content_that_is_deleted_and_pushed_again_between_the_two_lookups_of_a_reader_is_found()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "other");
        await storage.PushBlobAsync(A, "blob");
        await storage.WriteOutAsync();
        await storage.PushBlobAsync(A, "another");
        var staged = new GatedStagedContent(storage.Storage.Staged);
        var sync = new CheckedSync(storage.Storage.Health);
        var admission = new Admission(storage.Storage.Threads, storage.Storage.Health, new DiskReserve(storage.Path, 0, storage.Time));
        var store = new StagedBlobStore(
            new FileSystemBlobStore(
                storage.Paths, storage.Storage.Threads, new BlobPlacement(storage.Paths, sync), new DigestLocks(), sync, admission),
            staged);
        staged.AfterFind = async () =>
        {
            await RemoveAsync(storage);
            await storage.PushBlobAsync(A, "blob");
        };

        Assert.Equal(Samples.Text("blob"), await store.ReadAsync(Blob));
    }

    [Fact]
    public async Task A_removal_takes_the_row_and_the_file()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        await storage.WriteOutAsync();
        await storage.PushBlobAsync(A, "blob");
        Assert.True(HasFile(storage, Blob));
        Assert.NotNull(await storage.Storage.Staged.FindAsync(Blob));

        await RemoveAsync(storage);

        Assert.False(HasFile(storage, Blob));
        Assert.Null(await storage.Storage.Staged.FindAsync(Blob));
        Assert.Equal(0, storage.Storage.Staged.Weight);
    }

    [Fact]
    public async Task What_is_pushed_again_to_its_file_has_no_row_afterwards()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        await storage.FlipBitAsync(Blob);
        await storage.Storage.Blobs.PutAsync(Blob, Samples.Text("blob"));
        await AssertReadAsync(storage, Blob, Samples.Text("blob"));
        Assert.Equal(0, storage.Storage.Staged.Weight);
    }

    [Fact]
    public async Task A_row_with_a_flipped_bit_becomes_no_file_under_its_good_name_and_a_push_heals_it()
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app", "latest");
        var damaged = Samples.Digest("app layer");
        await storage.FlipBitAsync(damaged);

        await storage.WriteOutAsync();

        Assert.False(HasFile(storage, damaged));
        Assert.Equal(2, FolderContent.List(storage.Paths.Blobs).Count);
        Assert.Single(FolderContent.List(storage.Paths.Quarantine));
        Assert.False(await storage.SeesBlobAsync(A, damaged));
        Assert.Single(storage.Log.Entries, entry => entry.Message.StartsWith($"{damaged} is damaged in registry.db", StringComparison.Ordinal));
        Assert.Equal(0, storage.Storage.Staged.Weight);
        Assert.Equal(image, await storage.GetAsync(A, Latest));

        await storage.PushBlobAsync(A, "app layer");
        await storage.WriteOutAsync();
        await AssertReadAsync(storage, damaged, Samples.Text("app layer"));
        Assert.True((await storage.Verifier.VerifyAllAsync(isDryRun: false, default)).IsClean);
    }

    [Fact]
    public async Task A_row_with_a_flipped_bit_is_dropped_when_the_file_is_intact()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        await storage.WriteOutAsync();
        await storage.PushBlobAsync(A, "blob");
        await storage.FlipBitAsync(Blob);

        await storage.WriteOutAsync();

        Assert.Equal(0, storage.Storage.Staged.Weight);
        await AssertReadAsync(storage, Blob, Samples.Text("blob"));
        Assert.False(Directory.Exists(storage.Paths.Quarantine));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_verification_reads_rows_and_finds_the_damaged_one(bool isDryRun)
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        Assert.Equal((3, true), await VerifyAsync(storage, isDryRun));
        var damaged = Samples.Digest("app config");
        await storage.FlipBitAsync(damaged);

        Assert.Equal((3, false), await VerifyAsync(storage, isDryRun));

        Assert.Equal(isDryRun, await storage.Storage.Staged.FindAsync(damaged) is not null);
        Assert.Equal(isDryRun, await storage.SeesBlobAsync(A, damaged));
        Assert.Equal(!isDryRun, Directory.Exists(storage.Paths.Quarantine));
        Assert.Contains(storage.Log.Entries, entry => entry.Message.StartsWith($"{damaged} of a is damaged", StringComparison.Ordinal));
        await storage.PushBlobAsync(A, "app config");
        Assert.Equal((3, true), await VerifyAsync(storage, isDryRun));
        Assert.True(await storage.SeesBlobAsync(A, damaged));
    }

    [Fact]
    public async Task A_place_that_cannot_be_written_holds_up_no_other_content_and_a_stop_says_what_is_left()
    {
        await using var storage = await TestStorage.CreateAsync();
        var obstacle = storage.Paths.BlobShard(Blob);
        FolderContent.Write("a file where a folder must go", obstacle);
        await storage.PushBlobAsync(A, "blob");
        var other = await storage.PushBlobAsync(A, "other");

        await Eventually.TrueAsync(() =>
        {
            storage.Time.Advance(TimeSpan.FromSeconds(1));
            return storage.Storage.Files!.StagedFailure is not null;
        });
        Assert.Contains(obstacle, storage.Storage.Files!.StagedFailure, StringComparison.Ordinal);
        Assert.Null(storage.Storage.Files!.TreeFailure);
        Assert.True(HasFile(storage, other));
        await AssertReadAsync(storage, Blob, Samples.Text("blob"));
        await storage.CloseAsync();
        Assert.Equal(1, storage.Storage.Files!.LeftStaged);
        Assert.Single(storage.Log.Entries, entry => entry.Message.StartsWith("Left in registry.db: 1 small", StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries(storage.Paths.Uploads));

        File.Delete(obstacle);
        await using var again = await TestStorage.CreateAsync(storage.Path);
        await Eventually.TrueAsync(() =>
        {
            again.Time.Advance(TimeSpan.FromSeconds(1));
            return again.Storage.Staged.Weight == 0;
        });
        Assert.True(HasFile(again, Blob));
        await AssertReadAsync(again, Blob, Samples.Text("blob"));
    }

    [Fact]
    public async Task A_stop_ends_although_the_rows_that_are_left_cannot_be_counted()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "blob");
        var staged = new GatedStagedContent(storage.Storage.Staged);
        staged.AfterList = Fail;
        using var files = CreateFiles(storage, staged);
        var writer = new StagedWriter(staged, files, storage.Time, storage.Loggers.CreateLogger<StagedWriter>());

        await writer.StopAsync(default);

        Assert.Null(writer.Left);
        Assert.Single(storage.Log.Entries, entry => entry.Message.StartsWith("Left in registry.db: an unknown number of", StringComparison.Ordinal));

        Task Fail()
        {
            staged.AfterList = Fail;
            throw new InsufficientMemoryException("SQLite: out of memory");
        }
    }

    [Fact]
    public async Task While_no_file_can_be_written_pushes_go_on_until_the_rows_have_their_limit()
    {
        using var folder = new Registry.Testing.TemporaryFolder("staged", isInMemory: true);
        await using var storage = await TestStorage.CreateAsync(folder.Path);
        var sha512 = DigestAlgorithm.Find("sha512")!;
        FolderContent.Write("a file where a folder must go", storage.Paths.BlobAlgorithm(sha512));
        var refused = 0;
        var pushed = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, 4200), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, cancelled) =>
        {
            var content = new byte[Core.SmallContent.Staging.MaxSize];
            BitConverter.TryWriteBytes(content, i);
            try
            {
                Assert.Null((await storage.Uploads.PushAsync(A, sha512.Compute(content), null, Samples.Body(content), cancelled)).Error);
                Interlocked.Increment(ref pushed);
            }
            catch (StorageException)
            {
                Interlocked.Increment(ref refused);
            }
        });

        Assert.InRange(pushed, 3800, 3972);
        Assert.InRange(refused, 1, 400);
        Assert.InRange(storage.Storage.Staged.Weight, 1, Core.SmallContent.Staging.MaxWeight);
        var elsewhere = await storage.PushBlobAsync(A, Samples.Bytes(1, Core.SmallContent.Staging.MaxSize));
        Assert.True(HasFile(storage, elsewhere));
        File.Delete(storage.Paths.BlobAlgorithm(sha512));
        await storage.WriteOutAsync();
        Assert.Equal(0, storage.Storage.Staged.Weight);
        Assert.Equal(pushed + 1, (await storage.Storage.Blobs.ListStoredAsync()).Count);
    }

    private static async Task WriteOutAsync(TestStorage storage, IStagedContent staged)
    {
        using var files = CreateFiles(storage, staged);
        await files.WriteOutAsync(10, default);
    }

    private static StagedFiles CreateFiles(TestStorage storage, IStagedContent staged) => new(
        storage.Paths,
        staged,
        new BlobPlacement(storage.Paths, new CheckedSync(storage.Storage.Health)),
        storage.Storage.Ports.Quarantine,
        storage.Storage.Files!.Engine.Locks,
        storage.Storage.Threads,
        storage.Storage.Health,
        storage.Loggers.CreateLogger<StagedFiles>());

    private static async Task RemoveAsync(TestStorage storage)
    {
        Assert.Null((await storage.Blobs.DeleteAsync(A, Blob)).Error);
        Assert.Equal(1, (await storage.Collector.CollectAsync(default)).Blobs);
    }

    private static async Task AssertReadAsync(TestStorage storage, Digest digest, byte[] content)
    {
        Assert.Equal(content.Length, await storage.Storage.Blobs.StatAsync(digest));
        Assert.Equal(content, await storage.Storage.Blobs.ReadAsync(digest));
        Assert.True((await storage.Blobs.OpenAsync(A, digest)).TryGet(out var opened, out _));
        Assert.Equal(content, await TestStorage.ReadAsync(opened));
    }

    private static async Task<(long Count, bool IsClean)> VerifyAsync(TestStorage storage, bool isDryRun)
    {
        var result = await storage.Verifier.VerifyAllAsync(isDryRun, default);
        return (result.Count, result.IsClean);
    }

    private static bool HasFile(TestStorage storage, Digest digest) => File.Exists(storage.Paths.BlobData(digest));
}
