using Microsoft.Data.Sqlite;
using Registry.Bench.Scale;

namespace Registry.Storage.Sqlite.Tests;

/// <summary>The large database of the benchmarks is one that this version of the registry would write.</summary>
public class ScaleFolderTests
{
    [Fact]
    public async Task The_large_database_of_the_benchmarks_follows_the_schema()
    {
        const int Copies = 2;
        await using var folder = new ScaleFolder();
        await folder.FillAsync(new ScaleSize(Copies, ManifestsWithTags: 10));
        folder.AddGarbage(1);

        await using var connection = new SqliteConnection($"Data Source={folder.Paths.Database};Pooling=False");
        connection.Open();
        Assert.Equal(SqliteSchema.Version, Read("PRAGMA user_version"));
        Assert.Equal(0, Read("SELECT COUNT(*) FROM pragma_foreign_key_check"));
        Assert.Equal(((Copies + 1) * ScaleContent.Repositories) + 3, Read("SELECT COUNT(*) FROM repositories"));
        var manifests = Read("SELECT COUNT(*) FROM manifests");
        Assert.InRange(manifests, (Copies + 1) * ScaleContent.Repositories * ScaleContent.ManifestsPerRepository, long.MaxValue);
        Assert.Equal(manifests, Read("SELECT SUM(manifest_count) FROM repositories"));

        long Read(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            return (long)command.ExecuteScalar()!;
        }
    }
}
