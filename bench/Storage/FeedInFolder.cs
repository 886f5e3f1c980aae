using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Metadata;
using Registry.Core.Policies;
using Registry.Storage;
using Registry.Storage.Files;

namespace Registry.Bench.Storage;

/// <summary>A feed in the database of a data folder.</summary>
internal sealed class FeedInFolder : IFeedStorage
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("registry-bench-");
    private RegistryStorage _storage = null!;

    private FeedInFolder()
    {
    }

    public IMetadataStore Metadata => _storage.Metadata;

    /// <summary>Creates a folder.</summary>
    /// <param name="isRecording">False for a view that drops what is recorded.</param>
    public static async Task<IFeedStorage> OpenAsync(bool isRecording)
    {
        var feed = new FeedInFolder();
        feed.Open();
        await feed._storage.DisposeAsync();
        feed.Execute("UPDATE change_consumers SET position = 1000000000000");
        if (!isRecording)
        {
            feed.Execute(
                """
                ALTER TABLE changes RENAME TO recorded;
                CREATE VIEW changes AS SELECT * FROM recorded;
                CREATE TRIGGER changes_dropped INSTEAD OF INSERT ON changes BEGIN SELECT 1; END;
                """);
        }

        feed.Open();
        return feed;
    }

    public double ServerSeconds() => 0;

    public async ValueTask DisposeAsync()
    {
        await _storage.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private void Open() => _storage = RegistryStorage.Open(_folder.FullName, NoRules.Instance, TimeProvider.System, NullLoggerFactory.Instance);

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={new DataPaths(_folder.FullName).Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
