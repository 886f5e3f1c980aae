using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Storage;
using Registry.Storage.Files.Space;
using Registry.Storage.Sqlite;

namespace Registry.Storage.Files.Tests.Space;

/// <summary>Tests of the ballast; the torture runs have a full disk.</summary>
public sealed class StorageBallastTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File => Path.Combine(_folder.Path, "ballast");

    [Fact]
    public void Its_room_is_given_back_once_and_held_again()
    {
        var ballast = new StorageBallast(File);
        Assert.False(ballast.Release());
        Assert.True(ballast.TryHold());
        Assert.True(System.IO.File.Exists(File));

        Assert.True(ballast.Release());
        Assert.False(System.IO.File.Exists(File));
        Assert.False(ballast.Release());

        Assert.True(ballast.TryHold());
        Assert.True(System.IO.File.Exists(File));
    }

    [Fact]
    public void What_an_earlier_process_has_held_is_taken_over()
    {
        new StorageBallast(File).TryHold();

        Assert.True(new StorageBallast(File).Release());
        Assert.False(System.IO.File.Exists(File));
    }

    [Fact]
    public void Nothing_new_is_taken_while_it_cannot_be_held()
    {
        var missing = Path.Combine(_folder.Path, "not", "there");
        var health = new StorageHealth(NullLogger<StorageHealth>.Instance, new StorageBallast(Path.Combine(missing, "ballast")));

        health.ThrowIfFailed();
        Assert.True(Assert.Throws<StorageException>(health.ThrowIfClosed).IsFull);

        Directory.CreateDirectory(missing);
        health.ThrowIfClosed();
    }

    [Fact]
    public async Task A_change_of_the_metadata_that_finds_no_room_releases_it_and_is_tried_again()
    {
        var ballast = new StorageBallast(File);
        ballast.TryHold();
        var health = new StorageHealth(NullLogger<StorageHealth>.Instance, ballast);
        using var database = SqliteDatabase.Open(Path.Combine(_folder.Path, "registry.db"), health, TimeProvider.System);
        var tries = 0;

        await database.WriteAsync(session =>
        {
            // As if the disk were full until the ballast is gone.
            session.Pragma(System.IO.File.Exists(File) ? "PRAGMA max_page_count = 1" : "PRAGMA max_page_count = 100000");
            session.Execute("CREATE TABLE filler AS SELECT randomblob(1000000) AS content");
            tries++;
        });

        Assert.Equal(1, tries);
        Assert.False(System.IO.File.Exists(File));
        Assert.Equal(1, await database.ReadAsync(session => session.Number("SELECT COUNT(*) FROM filler")));
        Assert.Null(health.Failure);
    }

    public void Dispose() => _folder.Dispose();
}
