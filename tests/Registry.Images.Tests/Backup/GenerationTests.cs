using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Oci;
using Registry.Images.Backup;
using Registry.Storage.Contracts;

namespace Registry.Images.Tests.Backup;

/// <summary>Generations of a backup: each is a complete state, all share blobs, and old ones are removed.</summary>
public sealed class GenerationTests : IAsyncLifetime
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly Tag Latest = Tag.Parse("latest");

    private readonly TestBackup _backup = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 27, 9, 30, 0, TimeSpan.Zero));
    private TestStorage _storage = null!;

    public async ValueTask InitializeAsync() => _storage = await TestStorage.CreateAsync();

    public async ValueTask DisposeAsync()
    {
        await _storage.DisposeAsync();
        _backup.Dispose();
    }

    [Fact]
    public async Task Every_generation_is_restored_as_it_was_and_the_last_one_unless_another_is_named()
    {
        var images = new List<byte[]>();
        foreach (var name in new[] { "first", "second", "third" })
        {
            images.Add(await _storage.PushImageAsync(A, name, "latest"));
            await BackUpAsync();
            await _storage.DeleteAsync(A, Samples.Digest(images[^1]));
            await _storage.CollectAfterAsync(1000);
            _time.Advance(TimeSpan.FromDays(1));
        }

        var names = (await BackupRun.ListAsync(_backup.Target)).Select(generation => generation.Name).ToList();
        Assert.Equal(["2026-11-27T093000Z", "2026-11-28T093000Z", "2026-11-29T093000Z"], names);
        Assert.Equal(images[1], await RestoredAsync(names[1]));
        Assert.Equal(images[2], await RestoredAsync(null));
        Assert.Equal(images[0], await RestoredAsync(names[0]));
        await TestBackup.AssertRefusedAsync("has no generation '2026-11-30T093000Z'; the last one is 2026-11-29T093000Z", () => _backup.RestoreAsync("2026-11-30T093000Z"));
        await TestBackup.AssertRefusedAsync("has no generation '..'", () => _backup.RestoreAsync(".."));
        await TestBackup.AssertRefusedAsync("has no generation ''; the last one is ", () => _backup.RestoreAsync(""));
    }

    [Fact]
    public async Task Only_so_many_are_kept_and_blobs_as_long_as_one_needs_them()
    {
        var gone = await _storage.PushImageAsync(A, "gone", "latest");
        await BackUpAsync();
        await _storage.DeleteAsync(A, Samples.Digest(gone));
        await _storage.CollectAfterAsync(1000);
        await _storage.PushImageAsync(A, "new", "latest");

        Assert.Equal((3, 0L), Sizes(await BackUpAsync(keep: 2)));
        Assert.Equal(6, CountBlobs());
        var report = await BackUpAsync(keep: 2);
        Assert.Equal((0, 3L), Sizes(report));
        Assert.Equal(["2026-11-27T093000Z"], report.Pruned);
        Assert.Equal(2, report.Generations.Count);
        Assert.Equal(3, CountBlobs());

        static (long Copied, long Removed) Sizes(BackupReport report) => (report.Copied, report.Removed);
    }

    [Fact]
    public async Task A_generation_is_later_than_all_others_even_when_the_clock_was_set_back()
    {
        await _storage.PushImageAsync(A, "app", "latest");
        await BackUpAsync();
        var sameSecond = await BackUpAsync();
        var before = await _backup.MakeAsync(_storage, keep: 9, new FakeTimeProvider(_time.GetUtcNow().AddYears(-1)));

        Assert.Equal("2026-11-27T093001Z", sameSecond.Generation);
        Assert.Equal("2026-11-27T093002Z", before.Generation);
        Assert.Equal(3, (await BackupRun.ListAsync(_backup.Target)).Count);
    }

    [Fact]
    public async Task A_backup_of_one_state_is_restored_and_is_a_generation_until_it_is_pruned()
    {
        var old = await _storage.PushImageAsync(A, "old", "latest");
        await BackUpAsync();
        MakeBackupOfOneState();

        Assert.Equal(old, await RestoredAsync(null));
        var name = Assert.Single(await BackupRun.ListAsync(_backup.Target)).Name;
        await _storage.PushImageAsync(A, "new", "latest");
        var report = await _backup.MakeAsync(_storage, keep: 2);
        Assert.Equal(2, report.Generations.Count);
        Assert.Equal(old, await RestoredAsync(name));

        report = await _backup.MakeAsync(_storage, keep: 1);
        Assert.Equal(name, report.Pruned[0]);
        Assert.False(File.Exists(Path.Combine(_backup.Target, "metadata.db")));
        Assert.False(Directory.Exists(Path.Combine(_backup.Target, "files")));
    }

    [Fact]
    public async Task A_format_that_is_not_known_is_left_alone()
    {
        await BackUpAsync();
        await File.WriteAllTextAsync(Path.Combine(_backup.Target, "backup.json"), "{\"format\":3}");

        await TestBackup.AssertRefusedAsync("holds a backup of format 3, and this version reads up to 2", () => BackUpAsync());
        await TestBackup.AssertRefusedAsync("holds a backup of format 3", () => _backup.RestoreAsync());
        await TestBackup.AssertRefusedAsync("holds a backup of format 3", () => BackupRun.ListAsync(_backup.Target));
    }

    [Fact]
    public async Task What_was_interrupted_is_no_generation_and_goes_with_the_next()
    {
        await _storage.PushImageAsync(A, "app", "latest");
        await BackUpAsync();
        var unfinished = Path.Combine(_backup.Target, "generations", "2026-12-01T000000Z.new");
        Directory.CreateDirectory(Path.Combine(unfinished, "files"));

        Assert.Single(await BackupRun.ListAsync(_backup.Target));
        await BackUpAsync();
        Assert.False(Directory.Exists(unfinished));
        Assert.Equal(2, (await BackupRun.ListAsync(_backup.Target)).Count);
    }

    [Fact]
    public async Task The_keys_of_a_backup_of_one_state_that_was_being_pruned_go_with_the_next()
    {
        await BackUpAsync();
        MakeBackupOfOneState();
        File.Delete(Path.Combine(_backup.Target, "metadata.db"));

        await BackUpAsync();

        Assert.False(Directory.Exists(Path.Combine(_backup.Target, "files")));
        Assert.Single(await BackupRun.ListAsync(_backup.Target));
    }

    [Fact]
    public async Task Images_are_exported_from_a_generation()
    {
        await _storage.PushImageAsync(A, "first", "latest");
        var first = (await BackUpAsync()).Generation;
        await _storage.PushImageAsync(A, "second", "latest");
        await BackUpAsync();

        Assert.Equal(Samples.Digest(await Manifest("first")).Value, await ExportAsync(first));
        Assert.Equal(Samples.Digest(await Manifest("second")).Value, await ExportAsync(null));

        Task<byte[]> Manifest(string name) => _storage.PushImageAsync(Samples.Repository("copy"), name, name);
    }

    private async Task<string> ExportAsync(string? generation)
    {
        var layout = Path.Combine(_backup.Path, generation ?? "last");
        await using var reader = await BackupRun.OpenAsync(_backup.Target, generation, TimeProvider.System, NullLoggerFactory.Instance);
        Assert.True(ImageReference.TryParse("a:latest", out var image));
        await ImageExport.ToPathAsync(reader, [image], layout, withReferrers: true, null, default);
        using var index = System.Text.Json.JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(layout, "index.json")));
        return index.RootElement.GetProperty("manifests")[0].GetProperty("digest").GetString()!;
    }

    // As version 0.1 made them.
    private void MakeBackupOfOneState()
    {
        var generation = Directory.GetDirectories(Path.Combine(_backup.Target, "generations")).Single();
        foreach (var name in new[] { "metadata.db", "files" })
        {
            Directory.Move(Path.Combine(generation, name), Path.Combine(_backup.Target, name));
        }

        Directory.Delete(Path.Combine(_backup.Target, "generations"), recursive: true);
        File.WriteAllText(Path.Combine(_backup.Target, "backup.json"), "{\"format\":1}\n");
    }

    private Task<BackupReport> BackUpAsync(int keep = 9) => _backup.MakeAsync(_storage, keep, _time);

    private async Task<byte[]?> RestoredAsync(string? generation)
    {
        if (Directory.Exists(_backup.Restored))
        {
            Directory.Delete(_backup.Restored, recursive: true);
        }

        Assert.Equal(0, (await _backup.RestoreAsync(generation)).Faulty);
        await using var restored = await TestStorage.CreateAsync(_backup.Restored);
        return await restored.GetAsync(A, Latest);
    }

    private int CountBlobs() => Directory.EnumerateFiles(Path.Combine(_backup.Target, "blobs"), "data", SearchOption.AllDirectories).Count();
}
