using Microsoft.Data.Sqlite;
using Registry.Core.Storage;
using Registry.Storage.Files;

namespace Registry.Core.Tests.Storage;

public class RegistryStorageTests
{
    [Fact]
    public async Task A_storage_that_could_not_be_opened_holds_nothing()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.CloseAsync();
        Execute(storage.Path, "INSERT INTO uploads (id, repository, owner, algorithm) VALUES ('not an id', 'a', NULL, 'sha256')");
        Assert.Throws<FormatException>(() => new TestStorage(storage.Path));
        AssertClosed(storage.Path);

        Execute(storage.Path, "DELETE FROM uploads");
        await using var again = await TestStorage.CreateAsync(storage.Path);
        Assert.False(again.Storage.WasStoppedUncleanly);
    }

    [Fact]
    public async Task A_storage_that_could_not_be_closed_in_good_order_holds_nothing()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.CloseAsync();
        Execute(
            storage.Path,
            """
            CREATE TRIGGER no_room BEFORE UPDATE ON meta WHEN NEW.key = 'stopped_cleanly' AND NEW.value = 1
            BEGIN SELECT RAISE(ABORT, 'no room'); END
            """);
        var again = new TestStorage(storage.Path);
        var failed = await Assert.ThrowsAsync<StorageException>(async () => await again.CloseAsync());
        Assert.Contains("no room", failed.Message, StringComparison.Ordinal);
        AssertClosed(storage.Path);
        await again.DisposeAsync();
    }

    // SQLite removes its log when the last connection is closed.
    private static void AssertClosed(string path)
    {
        DataFolder.Open(path).Dispose();
        Assert.False(File.Exists(Path.Combine(path, "registry.db-wal")));
    }

    private static void Execute(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(path, "registry.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
