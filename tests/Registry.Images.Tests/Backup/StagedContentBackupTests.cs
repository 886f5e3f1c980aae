using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Oci;
using Registry.Images.Backup;
using Registry.Storage;
using Registry.Storage.Contracts;

namespace Registry.Images.Tests.Backup;

/// <summary>Readers of a data folder while small content is in the metadata only.</summary>
public sealed class StagedContentBackupTests : IDisposable
{
    private const int Many = 10_000;

    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName Crowded = Samples.Repository("crowded");
    private static readonly Tag Latest = Tag.Parse("latest");

    private readonly TestBackup _backup = new();

    public void Dispose() => _backup.Dispose();

    // In memory, since a backup makes each file durable by itself.
    [Fact]
    public async Task Ten_thousand_rows_are_verified_backed_up_and_restored_and_survive_a_kill()
    {
        using var folder = new TemporaryFolder("staged", isInMemory: true);
        var (data, target, restored) = (folder.File("data"), folder.File("backup"), folder.File("restored"));
        await using var storage = await TestStorage.CreateAsync(data);
        var image = await storage.PushImageAsync(A, "app", "latest");
        await PushManyAsync(storage);
        Assert.Empty(FolderContent.List(storage.Paths.Blobs));
        Assert.Equal((Many + 3, true), await VerifyAsync(storage));

        var report = await BackupRun.RunAsync(data, target, 1, [], TimeProvider.System, storage.Loggers, null, default);
        Assert.Equal((Many + 3, Many + 3, 0), (report.Blobs, report.Copied, report.Faulty));
        var restore = await RestoreRun.RunAsync(target, null, restored, TimeProvider.System, NullLoggerFactory.Instance, null, default);
        Assert.Equal((Many + 3, 0), (restore.Blobs, restore.Faulty));
        await using (var again = await TestStorage.CreateAsync(restored))
        {
            Assert.Equal(0, again.Storage.Staged.Weight);
            Assert.Equal((Many + 3, true), await VerifyAsync(again));
            Assert.Equal(image, await again.GetAsync(A, Latest));
        }

        Assert.Empty(FolderContent.List(storage.Paths.Blobs));
        await storage.ReopenAsync(cleanly: false);
        Assert.Equal((Many + 3, true), await VerifyAsync(storage));
        await storage.CloseAsync();
        Assert.Equal(0, storage.Storage.Files!.LeftStaged);
        Assert.Equal(Many + 3, Directory.EnumerateFiles(storage.Paths.Blobs, "data", SearchOption.AllDirectories).Count());
    }

    [Fact]
    public async Task A_database_that_is_gone_takes_its_rows_with_it_and_nothing_else_and_a_push_brings_them_back()
    {
        await using var storage = await TestStorage.CreateAsync();
        var kept = await storage.PushImageAsync(A, "kept", "kept");
        await storage.WriteOutAsync();
        var lost = await storage.PushImageAsync(A, "app", "latest");
        await storage.PushBlobAsync(Crowded, "kept layer");
        await Eventually.TrueAsync(() => Directory.Exists(Path.Combine(storage.Path, "repositories", "crowded", "_layers")));
        storage.Storage.Health.Fail("killed");
        await storage.CloseAsync();
        foreach (var file in Directory.EnumerateFiles(storage.Path, "registry.db*"))
        {
            File.Delete(file);
        }

        await using var indexed = await TestStorage.CreateAsync(storage.Path);
        Assert.Null(await indexed.GetAsync(A, Latest));
        Assert.Equal(kept, await indexed.GetAsync(A, Tag.Parse("kept")));
        Assert.True((await VerifyAsync(indexed)).IsClean);
        Assert.DoesNotContain(indexed.Log.Entries, entry => entry.Level >= Microsoft.Extensions.Logging.LogLevel.Error);

        Assert.Equal(lost, await indexed.PushImageAsync(A, "app", "latest"));
        Assert.Equal(lost, await indexed.GetAsync(A, Latest));
    }

    [Fact]
    public async Task A_damaged_row_is_a_fault_of_the_backup_unless_its_file_is_intact()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushBlobAsync(A, "with a file");
        await storage.WriteOutAsync();
        await storage.PushBlobAsync(A, "with a file");
        await storage.PushBlobAsync(A, "without");
        await storage.FlipBitAsync(Samples.Digest("with a file"));
        await storage.FlipBitAsync(Samples.Digest("without"));

        var report = await _backup.MakeAsync(storage);

        Assert.Equal((2, 1, 1), (report.Blobs, report.Copied, report.Faulty));
        Assert.Equal(new BlobFault(Samples.Digest("without").Value, "is damaged in registry.db, and has no file"), Assert.Single(report.Faults));
    }

    [Fact]
    public async Task An_export_beside_the_process_that_writes_reads_its_rows()
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app", "latest");
        await using var reader = await StorageReader.OpenAsync(new StorageChoice(storage.Path), TimeProvider.System, storage.Loggers, default);

        Assert.Equal(image, await reader.Blobs.ReadAsync(Samples.Digest(image)));
        Assert.Equal(9, await reader.Blobs.StatAsync(Samples.Digest("app layer")));
        Assert.Null(await reader.Blobs.StatAsync(Samples.Digest("nothing")));

        await storage.WriteOutAsync();
        Assert.Equal(image, await reader.Blobs.ReadAsync(Samples.Digest(image)));
    }

    private static Task PushManyAsync(TestStorage storage) => Parallel.ForEachAsync(
        Enumerable.Range(0, Many),
        new ParallelOptions { MaxDegreeOfParallelism = 64 },
        async (i, _) => await storage.PushBlobAsync(Crowded, $"blob {i}"));

    private static async Task<(long Count, bool IsClean)> VerifyAsync(TestStorage storage)
    {
        var result = await storage.Verifier.VerifyAllAsync(isDryRun: false, default);
        return (result.Count, result.IsClean);
    }
}
