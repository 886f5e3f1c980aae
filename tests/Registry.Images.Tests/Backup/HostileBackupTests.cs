using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Oci;
using Registry.Core.Storage;
using Registry.Images.Backup;
using Registry.Storage.Contracts;
using Registry.Storage.Files;

namespace Registry.Images.Tests.Backup;

/// <summary>Backups that another program has altered: a restore takes only the content of a backup from them.</summary>
public sealed class HostileBackupTests : IDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");

    private readonly TestBackup _backup = new();

    private string Outside => Path.Combine(_backup.Path, "outside");

    public static TheoryData<string> ReservedNames =>
    [
        "blobs/sha256/aa/file", "BLOBS/file", "uploads/file", "repositories/file", "quarantine/file", "registry.db", "registry.db-wal", "registry.db-journal",
        "registry.lock", "registry.sock", "removal.lock", "restore.unfinished", "ballast", "last-backup", "backup.json", "backup.lock",
    ];

    public static TheoryData<string> KindsOfPlanted => [.. Planted.Kinds];

    public void Dispose() => _backup.Dispose();

    [Theory]
    [MemberData(nameof(ReservedNames))]
    public async Task A_file_in_the_place_of_what_the_registry_keeps_is_refused_and_nothing_is_restored(string name)
    {
        var generation = await BackUpAsync();
        FolderContent.Write("planted", generation, "files", name);
        await AssertRefusedAsync($"holds generations/{Path.GetFileName(generation)}/files/{name}, which no backup has");
        Assert.False(Directory.Exists(_backup.Restored));
    }

    [Theory]
    [MemberData(nameof(KindsOfPlanted))]
    public async Task Links_pipes_and_devices_are_not_restored_and_never_opened(string kind)
    {
        foreach (var place in new[] { "files/users", "files/access", "files/access/users", "files/token-key.pem", "metadata.db" })
        {
            var generation = await BackUpAsync();
            Planted.Put(kind, Path.Combine(generation, place), Outside);
            await AssertRefusedAsync(place == "metadata.db" ? "has no generation" : $"files/{place["files/".Length..]}, which is neither a file nor a folder");
            Planted.AssertUntouched(Outside);
            Clear();
        }

        foreach (var place in new[] { "backup.json", "backup.lock" })
        {
            await BackUpAsync();
            Planted.Put(kind, Path.Combine(_backup.Target, place), Outside);
            await Assert.ThrowsAsync<StorageException>(RestoreAsync);
            Planted.AssertUntouched(Outside);
            Clear();
        }
    }

    [Fact]
    public async Task A_folder_that_leads_to_itself_is_not_followed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Symbolic links.");
        var generation = await BackUpAsync();
        File.CreateSymbolicLink(Path.Combine(generation, "files", "self"), ".");
        await AssertRefusedAsync("files/self, which is neither a file nor a folder");
    }

    [Fact]
    public async Task A_generation_that_is_a_link_is_none()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Symbolic links.");
        var generation = await BackUpAsync();
        var elsewhere = Path.Combine(_backup.Path, "elsewhere");
        Directory.Move(generation, elsewhere);
        Directory.CreateSymbolicLink(generation, elsewhere);
        await AssertRefusedAsync("it has no generation");
        await Assert.ThrowsAsync<StorageException>(() => BackupRun.OpenAsync(_backup.Target, null, TimeProvider.System, NullLoggerFactory.Instance));
    }

    [Fact]
    public async Task What_an_interrupted_restore_left_is_read_again_and_replaced_when_it_is_not_right()
    {
        await BackUpAsync();
        Assert.Equal(0, (await RestoreAsync()).Faulty);
        var layer = new DataPaths(_backup.Restored).BlobData(Samples.Digest("app layer"));
        await File.WriteAllTextAsync(layer, "app lager");
        await File.WriteAllTextAsync(Path.Combine(_backup.Restored, "restore.unfinished"), "");

        var report = await RestoreAsync();

        Assert.Equal((3, 0), (report.Blobs, report.Faulty));
        Assert.Equal("app layer", await File.ReadAllTextAsync(layer));
    }

    [Fact]
    public async Task A_file_does_not_become_a_program_that_runs_as_its_owner()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Permissions of Unix.");
        var generation = await BackUpAsync();
        FolderContent.Write("users", generation, "files", "users");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path.Combine(generation, "files", "users"), (UnixFileMode)0b100_111_101_101);
        }

        await RestoreAsync();

        Assert.Equal((UnixFileMode)0b111_101_101, OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(Path.Combine(_backup.Restored, "users")));
    }

    // Returns the folder of the generation.
    private async Task<string> BackUpAsync()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        var report = await _backup.MakeAsync(storage);
        Assert.Equal(0, report.Faulty);
        return Path.Combine(_backup.Target, "generations", report.Generation);
    }

    private Task<RestoreReport> RestoreAsync() => _backup.RestoreAsync();

    private Task AssertRefusedAsync(string message) => TestBackup.AssertRefusedAsync(message, RestoreAsync);

    private void Clear()
    {
        foreach (var folder in new[] { _backup.Target, _backup.Restored, Outside }.Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
