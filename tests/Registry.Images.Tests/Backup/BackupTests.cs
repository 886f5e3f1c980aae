using Registry.Core.Changes;
using Registry.Core.Oci;
using Registry.Core.Policies;
using Registry.Core.Storage;
using Registry.Images.Backup;
using Registry.Storage;
using Registry.Storage.Contracts;

namespace Registry.Images.Tests.Backup;

/// <summary>Backups of a storage that is open and in use, and their restores.</summary>
public sealed class BackupTests : IDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("group/b");

    private readonly TestBackup _backup = new();

    public void Dispose() => _backup.Dispose();

    [Fact]
    public async Task What_is_restored_is_what_was_backed_up_down_to_the_tree()
    {
        await using var storage = await TestStorage.CreateAsync();
        var first = await storage.PushImageAsync(A, "first", "latest");
        var second = await storage.PushImageAsync(A, "second", "latest");
        var signature = Samples.Image("second config", [], subject: Samples.Child(second), artifactType: "application/vnd.example.signature");
        await storage.PutAsync(A, signature);
        await storage.PushImageAsync(B, "other", "1.0");
        await storage.PushBlobAsync(B, "without a manifest");

        var report = await _backup.MakeAsync(storage);
        await storage.CloseAsync();
        await _backup.RestoreAsync();

        Assert.Equal((11, 11, 0, 0), (report.Blobs, report.Copied, report.Kept, report.Faulty));
        Assert.Equal(FolderContent.List(Path.Combine(storage.Path, "repositories")), FolderContent.List(Path.Combine(_backup.Restored, "repositories")));
        await using var restored = await TestStorage.CreateAsync(_backup.Restored);
        Assert.Equal(second, await restored.GetAsync(A, Tag.Parse("latest")));
        Assert.Equal(first, await restored.GetAsync(A, Samples.Digest(first)));
        Assert.True(await restored.SeesBlobAsync(B, Samples.Digest("without a manifest")));
        Assert.Equal(
            [Samples.Digest(signature)],
            (await restored.Storage.Metadata.ListReferrersAsync(A, Samples.Digest(second), null, null, 10)).Items.Select(referrer => referrer.Digest));

        // The restore is no part of the history.
        var changes = await restored.Storage.Changes.ReadAsync(0, 1000);
        Assert.Equal((4, 3), (changes.Count(change => change.Kind == ChangeKind.ManifestAdded), changes.Count(change => change.Kind == ChangeKind.TagSet)));
        Assert.All(changes, change => Assert.Equal(ContractOrigin.Request, change.Origin));
        Assert.Equal(7, changes.Count);
    }

    [Fact]
    public async Task The_second_backup_copies_what_is_new_and_removes_what_is_gone()
    {
        await using var storage = await TestStorage.CreateAsync();
        var gone = await storage.PushImageAsync(A, "gone", "latest");
        await storage.PushImageAsync(A, "stays", "1");
        await _backup.MakeAsync(storage);

        await storage.PushImageAsync(B, "new", "latest");
        await storage.DeleteAsync(A, Samples.Digest(gone));
        Assert.Equal((0, 1), await storage.CollectAfterAsync(1));
        var report = await _backup.MakeAsync(storage);

        Assert.Equal((8, 3, 5, 1), (report.Blobs, report.Copied, report.Kept, report.Removed));
        var again = await _backup.MakeAsync(storage);
        Assert.Equal((8, 0, 8, 0), (again.Blobs, again.Copied, again.Kept, again.Removed));
    }

    [Fact]
    public async Task A_damaged_blob_is_reported_and_all_others_are_backed_up_and_restored()
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app", "latest");
        var rotted = Samples.Digest("app layer");
        var missing = Samples.Digest("app config");
        await storage.WriteOutAsync();
        await File.WriteAllTextAsync(storage.Paths.BlobData(rotted), "app lager");
        File.Delete(storage.Paths.BlobData(missing));

        var report = await _backup.MakeAsync(storage);

        Assert.Equal((1, 2), (report.Copied, report.Faulty));
        Assert.Equal(
            [$"{missing} is missing", $"{rotted} is damaged: its bytes have the digest {Samples.Digest("app lager")}"],
            report.Faults.Select(fault => $"{fault.Digest} {fault.Reason}").OrderByDescending(line => line.Contains("is missing", StringComparison.Ordinal)));
        var restore = await _backup.RestoreAsync();
        Assert.Equal((1, 2), (restore.Blobs, restore.Faulty));
        await using (var restored = await TestStorage.CreateAsync(_backup.Restored))
        {
            Assert.Equal(image, await restored.GetAsync(A, Tag.Parse("latest")));
        }

        // Pushing it again repairs the storage, and then the backup.
        await storage.PushBlobAsync(A, "app layer");
        await storage.PushBlobAsync(A, "app config");
        report = await _backup.MakeAsync(storage);
        Assert.Equal((2, 1, 0), (report.Copied, report.Kept, report.Faulty));
    }

    [Fact]
    public async Task What_rots_after_it_was_backed_up_stays_good_in_the_backup()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        await _backup.MakeAsync(storage);
        await storage.WriteOutAsync();
        await File.WriteAllTextAsync(storage.Paths.BlobData(Samples.Digest("app layer")), "app lager");

        Assert.Equal(0, (await _backup.MakeAsync(storage)).Faulty);
        Assert.Equal(0, (await _backup.RestoreAsync()).Faulty);
    }

    [Fact]
    public async Task Nothing_is_removed_while_a_backup_reads_and_everything_afterwards()
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app", "latest");
        var unknown = Samples.Digest("unknown");
        await storage.Storage.Blobs.PutAsync(unknown, Samples.Text("unknown"));

        // Otherwise the files of small content appear during the test.
        await storage.WriteOutAsync();
        await using (await StorageReader.OpenAsync(new StorageChoice(storage.Path), TimeProvider.System, storage.Loggers, default))
        {
            await storage.DeleteAsync(A, Samples.Digest(image));
            Assert.Equal((2, 0), await storage.CollectAfterAsync(1000));
            Assert.Equal((0, 0), await storage.CollectAfterAsync(1000));
            Assert.Equal(4, (await storage.Storage.Blobs.ListStoredAsync()).Count);
            Assert.Single(storage.Log.Entries, entry => entry.Message.Contains("waits for a backup", StringComparison.Ordinal));
        }

        Assert.Equal((0, 4), await storage.CollectAfterAsync(1000));
        Assert.Empty(await storage.Storage.Blobs.ListStoredAsync());
    }

    [Fact]
    public async Task Who_begins_to_read_waits_for_a_removal_that_is_under_way()
    {
        await using var storage = await TestStorage.CreateAsync();
        var removal = await storage.Storage.Blobs.TryBeginRemovalAsync();
        Assert.NotNull(removal);
        var opening = StorageReader.OpenAsync(new StorageChoice(storage.Path), TimeProvider.System, storage.Loggers, default);
        Assert.False(opening.IsCompleted);
        removal.Dispose();
        await using var reader = await opening;
        Assert.Null(await storage.Storage.Blobs.TryBeginRemovalAsync());
    }

    [Fact]
    public async Task A_backup_that_is_interrupted_leaves_the_last_one_whole_and_the_next_goes_on()
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app", "latest");
        await _backup.MakeAsync(storage);
        await storage.DeleteAsync(A, Samples.Digest(image));
        for (var i = 0; i < 20; i++)
        {
            await storage.PushImageAsync(A, $"new {i}", "latest");
        }

        using (var cancelled = new CancellationTokenSource())
        {
            var progress = new Progress(step => step.Blobs == 30, cancelled.Cancel);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _backup.MakeAsync(storage, progress: progress, cancellationToken: cancelled.Token));
        }

        // The reader is gone with it, so that the collector goes on.
        (await storage.Storage.Blobs.TryBeginRemovalAsync())!.Dispose();
        await _backup.RestoreAsync();
        await using (var restored = await TestStorage.CreateAsync(_backup.Restored))
        {
            Assert.Equal(image, await restored.GetAsync(A, Tag.Parse("latest")));
        }

        var report = await _backup.MakeAsync(storage);
        Assert.Equal(62, report.Blobs);
        Assert.InRange(report.Kept, 28, 40);
        Assert.Equal(report.Blobs, report.Copied + report.Kept);
    }

    [Fact]
    public async Task A_restore_that_is_interrupted_is_no_registry_until_it_has_gone_on_to_the_end()
    {
        await using var storage = await TestStorage.CreateAsync();
        var images = new List<byte[]>();
        for (var i = 0; i < 20; i++)
        {
            images.Add(await storage.PushImageAsync(A, $"new {i}", $"v{i}"));
        }

        await _backup.MakeAsync(storage);
        using (var cancelled = new CancellationTokenSource())
        {
            var progress = new Progress(step => step.Blobs == 30, cancelled.Cancel);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _backup.RestoreAsync(null, progress, cancelled.Token));
        }

        var refused = Assert.Throws<StorageException>(() => RegistryStorage.Open(_backup.Restored, NoRules.Instance, TimeProvider.System, storage.Loggers));
        Assert.Contains("not restored to the end", refused.Message, StringComparison.Ordinal);
        Assert.Equal(60, (await _backup.RestoreAsync()).Blobs);
        await using var restored = await TestStorage.CreateAsync(_backup.Restored);
        for (var i = 0; i < images.Count; i++)
        {
            Assert.Equal(images[i], await restored.GetAsync(A, Tag.Parse($"v{i}")));
        }
    }

    [Fact]
    public async Task Keys_and_users_in_the_data_folder_come_along_with_their_permissions()
    {
        await using var storage = await TestStorage.CreateAsync();
        var users = Path.Combine(storage.Path, "access", "users");
        FolderContent.Write("alice:hash", users);
        FolderContent.Write("a key", storage.Paths.TokenKey);
        FolderContent.Write("elsewhere", _backup.Path, "elsewhere");
        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(storage.Paths.TokenKey, OwnerOnly);
        }

        await _backup.MakeAsync(storage, files: [users, Path.Combine(_backup.Path, "elsewhere")]);
        await _backup.MakeAsync(storage, files: [users]);
        await _backup.RestoreAsync();

        var kept = Path.Combine(Directory.GetDirectories(Path.Combine(_backup.Target, "generations")).Single(), "files");
        Assert.Equal(["access/users", "token-key.pem"], Files(kept));
        Assert.Equal("alice:hash", await File.ReadAllTextAsync(Path.Combine(_backup.Restored, "access", "users")));
        Assert.Equal("a key", await File.ReadAllTextAsync(Path.Combine(_backup.Restored, "token-key.pem")));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(kept, "token-key.pem")));
            Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(_backup.Restored, "token-key.pem")));
        }
    }

    [Fact]
    public async Task Folders_that_are_something_else_are_refused_and_left_alone()
    {
        await using var storage = await TestStorage.CreateAsync();
        FolderContent.Write("mine", _backup.Target, "file");
        await TestBackup.AssertRefusedAsync($"{_backup.Target} is not empty and does not hold a backup (it holds 'file')", () => _backup.MakeAsync(storage));
        await TestBackup.AssertRefusedAsync($"{_backup.Target} does not hold a backup", () => _backup.RestoreAsync());
        Assert.Equal(["file"], Files(_backup.Target));
        Directory.Delete(_backup.Target, recursive: true);

        await TestBackup.AssertRefusedAsync("overlap", () => _backup.MakeAsync(storage, target: Path.Combine(storage.Path, "backup")));
        await TestBackup.AssertRefusedAsync("does not exist", () => BackupRun.RunAsync(
            Path.Combine(_backup.Path, "nothing"), _backup.Target, 1, [], TimeProvider.System, storage.Loggers, null, default));

        await _backup.MakeAsync(storage);
        FolderContent.Write("mine", _backup.Restored, "file");
        await TestBackup.AssertRefusedAsync($"{_backup.Restored} is not empty (it holds 'file')", () => _backup.RestoreAsync());
        Assert.Equal(["file"], Files(_backup.Restored));
        var backup = Assert.Throws<StorageException>(() => RegistryStorage.Open(_backup.Target, NoRules.Instance, TimeProvider.System, storage.Loggers));
        Assert.Contains("is a backup", backup.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_storage_that_is_not_indexed_is_not_backed_up()
    {
        await using var storage = new TestStorage();
        await TestBackup.AssertRefusedAsync("is not indexed yet", () => _backup.MakeAsync(storage));
    }

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal);

    private sealed class Progress(Predicate<TransferProgress> when, Action then) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value)
        {
            if (when(value))
            {
                then();
            }
        }
    }
}
