using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Storage.Files.Tests;

public sealed class CheckedSyncTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StorageHealth _health = new(NullLogger<StorageHealth>.Instance);
    private readonly CheckedSync _sync;

    public CheckedSyncTests() => _sync = new CheckedSync(_health);

    [Fact]
    public void A_file_and_its_folder_can_be_synced()
    {
        var path = Path.Combine(_folder.Path, "f");
        using var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.Write(handle, "x"u8, 0);
        _sync.Data(handle, path);
        _sync.Directory(_folder.Path);
        Assert.Null(_health.Failure);
    }

    [Fact]
    public void A_folder_that_vanished_is_an_error_and_writing_goes_on()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Nothing is synced there.");
        Assert.Throws<IOException>(() => _sync.Directory(Path.Combine(_folder.Path, "missing")));
        Assert.Null(_health.Failure);
    }

    [Fact]
    public void A_sync_that_fails_stops_writing()
    {
        // A folder of procfs can be opened, not synced.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no procfs.");
        Assert.Contains("/proc", Assert.Throws<SyncException>(() => _sync.Directory("/proc")).Message, StringComparison.Ordinal);
        Assert.Contains("/proc", _health.Failure, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
