using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Storage;
using Registry.Core.Storage.FileSystem;
using Registry.Testing;

namespace Registry.Core.Tests.Storage.FileSystem;

public sealed class DirectorySyncsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StorageThreads _threads = new("test", 2);
    private readonly StorageHealth _health = new(NullLogger<StorageHealth>.Instance);
    private readonly DirectorySyncs _syncs;

    public DirectorySyncsTests() => _syncs = new DirectorySyncs(_threads, _health);

    [Fact]
    public async Task Many_callers_of_many_folders_are_all_answered()
    {
        var folders = Enumerable.Range(0, 5).Select(i => Directory.CreateDirectory(Path.Combine(_folder.Path, $"{i}")).FullName).ToList();
        await Task.WhenAll(Enumerable.Range(0, 500).Select(i => Task.Run(() => _syncs.SyncAsync(folders[i % 5]))));
        for (var i = 0; i < 50; i++)
        {
            await _syncs.SyncAsync(folders[i % 5]);
        }

        Assert.Null(_health.Failure);
    }

    [Fact]
    public async Task Callers_that_wait_share_one_sync_which_begins_after_their_change()
    {
        // Both threads are busy, so a sync that was asked for cannot begin.
        using var gate = new ManualResetEventSlim();
        var busy = new[] { _threads.RunAsync(gate.Wait), _threads.RunAsync(gate.Wait) };
        var first = _syncs.SyncAsync(_folder.Path);
        var others = Enumerable.Range(0, 20).Select(_ => _syncs.SyncAsync(_folder.Path)).ToList();
        Assert.False(first.IsCompleted);
        Assert.DoesNotContain(others, task => task.IsCompleted);
        gate.Set();
        await Task.WhenAll([.. busy, first, .. others]);
    }

    [Fact]
    public async Task A_caller_whose_folder_vanished_is_told_and_writing_goes_on()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Nothing is synced there.");
        await Assert.ThrowsAsync<StorageException>(() => _syncs.SyncAsync(Path.Combine(_folder.Path, "missing")));
        Assert.Null(_health.Failure);
        Directory.CreateDirectory(Path.Combine(_folder.Path, "missing"));
        await _syncs.SyncAsync(Path.Combine(_folder.Path, "missing"));
    }

    [Fact]
    public async Task Everybody_who_waits_for_a_sync_that_fails_is_told_and_writing_stops()
    {
        // A folder of procfs can be opened, not synced.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no procfs.");
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(
            () => Assert.ThrowsAsync<StorageException>(() => _syncs.SyncAsync("/proc")))));
        Assert.All(results, result => Assert.Contains("/proc", result.Message, StringComparison.Ordinal));
        Assert.Contains("/proc", _health.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_folder_that_fails_does_not_fail_another()
    {
        var missing = Path.Combine(_folder.Path, "missing");
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(async () =>
        {
            if (i % 2 == 0)
            {
                await _syncs.SyncAsync(_folder.Path);
            }
            else
            {
                await Assert.ThrowsAsync<StorageException>(() => _syncs.SyncAsync(missing));
            }
        })));
    }

    public void Dispose()
    {
        _threads.Dispose();
        _folder.Dispose();
    }
}
