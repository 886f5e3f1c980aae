using Registry.Core.Storage;

namespace Registry.Storage.Files.Tests;

public sealed class DataFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_new_folder_is_created_with_what_belongs_in_it()
    {
        var path = Path.Combine(_folder.Path, "some", "where");
        using var data = DataFolder.Open(path);
        Assert.Equal(path, data.Paths.Root);
        Assert.Equal(["blobs", "registry.lock", "removal.lock", "repositories", "uploads"], Names(path));
        Assert.Empty(Directory.EnumerateFileSystemEntries(data.Paths.Uploads));
        Assert.Empty(Directory.EnumerateFileSystemEntries(data.Paths.Blobs));
    }

    [Fact]
    public void A_folder_can_be_opened_again_after_it_was_closed()
    {
        DataFolder.Open(_folder.Path).Dispose();
        DataFolder.Open(_folder.Path).Dispose();
    }

    [Fact]
    public void A_folder_in_use_is_refused()
    {
        using var first = DataFolder.Open(_folder.Path);
        Assert.Equal("is in use by another process", Refused(_folder.Path));
    }

    [Fact]
    public void A_folder_of_something_else_is_refused_and_left_as_it_is()
    {
        FolderContent.Write("dear diary", _folder.Path, "letters", "1.txt");
        FolderContent.Write("x", _folder.Path, "zebra");
        var message = Refused(_folder.Path);
        Assert.Contains("is not empty and does not hold a registry (it holds 'letters')", message, StringComparison.Ordinal);
        Assert.Equal(["letters", "zebra"], Names(_folder.Path));
    }

    [Theory]
    [InlineData("lost+found")]
    [InlineData(".snapshot")]
    [InlineData(".DS_Store")]
    public void What_file_systems_and_tools_put_everywhere_is_overlooked(string name)
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, name));
        DataFolder.Open(_folder.Path).Dispose();
    }

    [Theory]
    [InlineData("blobs")]
    [InlineData("repositories")]
    public void A_tree_of_distribution_is_welcome(string name)
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, name, "x"));
        DataFolder.Open(_folder.Path).Dispose();
    }

    [Fact]
    public void The_parent_of_a_tree_of_distribution_is_refused_with_the_right_path()
    {
        var right = Path.Combine(_folder.Path, "docker", "registry", "v2");
        Directory.CreateDirectory(Path.Combine(right, "blobs"));
        Assert.Contains($"set it to {right}", Refused(_folder.Path), StringComparison.Ordinal);
        Assert.Equal(["docker"], Names(_folder.Path));
        DataFolder.Open(right).Dispose();
    }

    [Fact]
    public void A_path_that_cannot_be_a_folder_is_refused_in_one_line()
    {
        FolderContent.Write("x", _folder.Path, "file");
        foreach (var path in new[] { Path.Combine(_folder.Path, "file"), Path.Combine(_folder.Path, "file", "below") })
        {
            var message = Refused(path);
            Assert.StartsWith(path.EndsWith("below", StringComparison.Ordinal) ? "cannot be used: " : "is a file; ", message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', message);
        }
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_refused_in_words()
    {
        if (Environment.IsPrivilegedProcess)
        {
            // Root may write anywhere, except in file systems such as /proc.
            Assert.StartsWith("cannot be used: ", Refused("/proc/registry-test"), StringComparison.Ordinal);
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Modes are POSIX's.");
            return;
        }

        DataFolder.Open(_folder.Path).Dispose();
        var uploads = Path.Combine(_folder.Path, "uploads");
        File.SetUnixFileMode(uploads, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            Assert.StartsWith($"cannot be written: the permissions of {uploads} deny write access to its owner", Refused(_folder.Path), StringComparison.Ordinal);
        }
        finally
        {
            File.SetUnixFileMode(uploads, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void A_file_where_a_folder_of_the_registry_must_be_is_refused_in_words()
    {
        FolderContent.Write("x", _folder.Path, "blobs");
        Assert.StartsWith("cannot be used: ", Refused(_folder.Path), StringComparison.Ordinal);

        // A refused process holds no lock.
        File.Delete(Path.Combine(_folder.Path, "blobs"));
        DataFolder.Open(_folder.Path).Dispose();
    }

    [Fact]
    public void A_probe_that_a_killed_process_has_left_is_gone_after_the_next_start()
    {
        DataFolder.Open(_folder.Path).Dispose();
        FolderContent.Write([0], _folder.Path, "uploads", ".probe");
        FolderContent.Write([0], _folder.Path, "blobs", ".probe");
        DataFolder.Open(_folder.Path).Dispose();
        Assert.Empty(Names(Path.Combine(_folder.Path, "uploads")));
        Assert.Empty(Names(Path.Combine(_folder.Path, "blobs")));
    }

    [Fact]
    public void A_database_is_set_aside_with_its_log_and_removed_later()
    {
        var paths = new DataPaths(_folder.Path);
        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            FolderContent.Write($"first{suffix}", paths.Database + suffix);
        }

        DatabaseFiles.SetAside(paths);
        Assert.Equal(["registry.db.old = first", "registry.db.old-shm = first-shm", "registry.db.old-wal = first-wal"], FolderContent.List(_folder.Path));

        // An attempt that was interrupted has left half a database: the one set aside first is the good one.
        FolderContent.Write("second", paths.Database);
        DatabaseFiles.SetAside(paths);
        Assert.Equal("registry.db.old = first", FolderContent.List(_folder.Path)[0]);
        Assert.Equal(3, FolderContent.List(_folder.Path).Count);

        DatabaseFiles.RemoveSetAside(paths);
        Assert.Empty(FolderContent.List(_folder.Path));
        DatabaseFiles.RemoveSetAside(paths);
    }

    public void Dispose() => _folder.Dispose();

    private static string Refused(string path) => Assert.Throws<StorageException>(() => DataFolder.Open(path)).Message;

    private static IEnumerable<string?> Names(string path) =>
        Directory.EnumerateFileSystemEntries(path).Select(Path.GetFileName).Order(StringComparer.Ordinal);
}
