using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;

namespace Registry.Files.Tests;

public sealed class DurableFileTests : IDisposable
{
    private const int Ebadf = 9;
    private const int Einval = 22;
    private const int Exdev = 18;
    private const int Enoent = 2;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_file_and_its_folder_can_be_synced()
    {
        var path = Path.Combine(_folder.Path, "f");
        using var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.Write(handle, "x"u8, 0);
        DurableFile.StartWriteBack(handle, 0, 1);
        DurableFile.SyncData(handle, path);
        DurableFile.SyncDirectory(_folder.Path);
        DurableFile.SyncFileSystem(_folder.Path);
    }

    [Fact]
    public void Syncing_a_closed_file_throws()
    {
        var handle = File.OpenHandle(Path.Combine(_folder.Path, "f"), FileMode.CreateNew, FileAccess.Write);
        handle.Dispose();
        Assert.Throws<ObjectDisposedException>(() => DurableFile.SyncData(handle, "f"));
    }

    [Fact]
    public void A_sync_that_fails_is_not_hidden()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The calls are POSIX's.");
        using var invalid = new SafeFileHandle(-1, ownsHandle: false);
        var thrown = Assert.Throws<SyncException>(() => DurableFile.SyncData(invalid, "some file"));
        Assert.Equal(Ebadf, thrown.HResult);
        Assert.Contains("fsync some file: ", thrown.Message, StringComparison.Ordinal);

        // A pipe cannot be synced.
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var handle = new SafeFileHandle(pipe.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        Assert.Equal(Einval, Assert.Throws<SyncException>(() => DurableFile.SyncData(handle, "a pipe")).HResult);
    }

    [Fact]
    public void A_folder_that_cannot_be_opened_is_an_error_but_not_one_of_a_sync()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The calls are POSIX's.");
        var missing = Path.Combine(_folder.Path, "missing");
        var thrown = Assert.Throws<IOException>(() => DurableFile.SyncDirectory(missing));
        Assert.Equal(Enoent, thrown.HResult);
        Assert.Contains(missing, thrown.Message, StringComparison.Ordinal);

        FolderContent.Write("x", _folder.Path, "file");
        Assert.Throws<IOException>(() => DurableFile.SyncDirectory(Path.Combine(_folder.Path, "file")));
    }

    [Fact]
    public void A_rename_replaces_a_file()
    {
        var (from, to) = (Path.Combine(_folder.Path, "from"), Path.Combine(_folder.Path, "to"));
        File.WriteAllText(from, "new");
        File.WriteAllText(to, "old");
        DurableFile.Rename(from, to);
        Assert.Equal(["to = new"], FolderContent.List(_folder.Path));
    }

    [Fact]
    public void A_rename_that_fails_says_from_where_to_where_and_changes_nothing()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The calls are POSIX's.");
        var (from, to) = (Path.Combine(_folder.Path, "from"), Path.Combine(_folder.Path, "no", "to"));
        Assert.Equal(Enoent, Assert.Throws<IOException>(() => DurableFile.Rename(from, to)).HResult);
        File.WriteAllText(from, "x");
        var thrown = Assert.Throws<IOException>(() => DurableFile.Rename(from, to));
        Assert.Contains($"rename {from} -> {to}: ", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(["from = x"], FolderContent.List(_folder.Path));
    }

    [Fact]
    public void A_rename_across_file_systems_fails_instead_of_copying()
    {
        const string Memory = "/dev/shm";
        Assert.SkipUnless(Directory.Exists(Memory) && !_folder.Path.StartsWith(Memory, StringComparison.Ordinal), "There is no second file system.");
        using var handle = File.OpenHandle(Path.Combine(_folder.Path, "from"), FileMode.CreateNew, FileAccess.Write);
        var to = Path.Combine(Memory, $"registry-test-{Guid.NewGuid():N}");
        var thrown = Record.Exception(() => DurableFile.Rename(Path.Combine(_folder.Path, "from"), to));
        if (thrown is null)
        {
            File.Delete(to);
            Assert.Skip("Both are on one file system.");
        }

        Assert.Equal(Exdev, thrown.HResult);
        Assert.False(File.Exists(to));
    }

    public void Dispose() => _folder.Dispose();
}
